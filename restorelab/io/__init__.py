"""Read and write pictures. No other package of restorelab opens an image file."""
