#!/usr/bin/env python3
"""Looks for phrases that readers stumbled over (scripts/phrases.tsv) in all that a person reads: documents, manual pages, help texts, messages,
comments, names of tests.

usage: scripts/check-words.py [FILE...]      without FILE: all of the project's
"""
import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

PHRASES = Path(__file__).with_name('phrases.tsv')
# Data, what others have written, and this list itself.
LEFT_OUT = re.compile(r'\.(json|svg|lock|bin)$|(^|/)corpus/|(^|/)fixtures/|^LICENSE|phrases\.tsv$|words_test\.py$')
# Between two words: blanks, and what ends and begins lines of comments, texts and tables.
BETWEEN = r'(?:\s|"|//|\\n|(?<=\n)[#*>|])+'
NAME_OF_TEST = re.compile(r'^ *(?:TEST(?:_[FP])?\(\w+, (\w+)\)|def (test_\w+))', re.M)


class Found(NamedTuple):
    line: int
    words: str
    better: str


def phrases() -> list[tuple[re.Pattern[str], str]]:
    rows = [line.split('\t') for line in PHRASES.read_text(encoding='utf-8').splitlines() if line and not line.startswith('#')]
    return [(re.compile(r'(?<!\w)' + phrase.replace(' ', BETWEEN) + r'(?!\w)', re.I), better) for phrase, better in rows]


def found_in(text: str) -> Iterator[Found]:
    # "GivesNothingWhenDry" and "test_gives_nothing" read as words, on their line.
    names = [(text.count('\n', 0, match.start()) + 1, match.group(1) or match.group(2)) for match in NAME_OF_TEST.finditer(text)]
    for phrase, better in phrases():
        for match in phrase.finditer(text):
            yield Found(text.count('\n', 0, match.start()) + 1, ' '.join(match.group().split()), better)
        for line, name in names:
            if match := phrase.search(re.sub(r'(?<=[a-z0-9])(?=[A-Z])|_', ' ', name)):
                yield Found(line, match.group(), better)


def main() -> int:
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], check=True, capture_output=True, text=True).stdout.splitlines()
    count = 0
    for name in sys.argv[1:] or [name for name in listed if not LEFT_OUT.search(name)]:
        for line, words, better in found_in(Path(name).read_text(encoding='utf-8', errors='replace')):
            print(f'{name}:{line}: "{words}"; better: {better}', file=sys.stderr)
            count += 1
    return 1 if count else 0


if __name__ == '__main__':
    sys.exit(main())
