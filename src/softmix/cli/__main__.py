"""`python -m softmix.cli`, for where the command is not on the path."""

from softmix.cli import main

main()
