"""Print the commands of a fenced block of the README: the one that follows `<!-- ci: NAME -->`."""

import re
import sys
from pathlib import Path

BLOCK = r"<!-- ci: {} -->\s*\n```(?:bash|sh|console)\n(.*?)\n```"


def commands(text: str, name: str) -> str:
    blocks = re.findall(BLOCK.format(re.escape(name)), text, re.DOTALL)
    if len(blocks) != 1:
        raise SystemExit(f"README.md has {len(blocks)} blocks marked '<!-- ci: {name} -->', not one")
    return blocks[0]


if __name__ == "__main__":
    print(commands(Path("README.md").read_text("utf-8"), sys.argv[1]))
