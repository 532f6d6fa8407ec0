"""The same interfaces across processes: gRPC streams between neighbours, who is there, who owns which key."""
