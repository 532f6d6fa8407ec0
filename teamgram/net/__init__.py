"""What any listener meets, whatever it speaks: addresses, HTTP heads, WebSocket frames. Plain Python."""
