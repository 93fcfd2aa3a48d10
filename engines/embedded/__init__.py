"""The engine of one machine: a file per generation, read into bitmaps and columns; no server."""
