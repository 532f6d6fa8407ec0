"""What listens and speaks: sockets, HTTP, dialects, the door, the router and the event stream."""
