"""One small cache interface over Redis or this process's memory."""
