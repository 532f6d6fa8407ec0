"""Message boxes: what lies in one, its counters (message ids, pts) and its log; who may write is asked elsewhere."""
