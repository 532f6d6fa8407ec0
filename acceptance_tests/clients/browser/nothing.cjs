// In the place of what a page never calls.
module.exports = {}
