"""`python -m peerwatch`: the command `peerwatch`, where its script is not on the path."""

from peerwatch.cli import main

if __name__ == "__main__":
    main()
