"""``python -m jinguo``."""

from jinguo.cli import main

if __name__ == "__main__":
    main()
