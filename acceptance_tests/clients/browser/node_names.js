// What GramJS expects of Node and a page has not.
export { Buffer } from "buffer";
export * as process from "process/browser";
