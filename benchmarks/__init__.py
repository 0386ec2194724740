"""softmix side by side with its peers: `python -m benchmarks` writes RESULTS.md."""
