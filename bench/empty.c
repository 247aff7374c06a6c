// Nothing: what bench/start.cpp preloads to see what any library costs.
