"""Run the benchmarks: python -m benchmarks [--quick] [--only PARTS] [--cells WORD] [--no-peers]."""

from benchmarks.environment import ensure_clean

if __name__ == "__main__":
    ensure_clean()

from benchmarks.run import main

if __name__ == "__main__":
    main()
