"""What crosses between processes, as gRPC has it: ``*.proto`` by hand, the modules by tools/gen_protos.sh."""
