#!/usr/bin/env python3
"""Makes docs/reference.md of the manual pages' source, so that variables, options and exit statuses are described in one place.

usage: tools/man/reference.py build/release/tools/man >docs/reference.md, once the target manual_pages is built: there the pages have the options that
the programs' --help lists

From each page it takes what a reader looks up; the rest of a page is prose that docs/ has in other words.
"""
import re
import sys
from pathlib import Path

# Of each page: its title here, and the sections that are taken.
PAGES = (
    ('hugepage-shim.7', 'Variables of the library', ('ENVIRONMENT', 'REASONS OF A FALLBACK')),
    ('hugepagectl.8', 'hugepagectl', ('DESCRIPTION', 'OPTIONS', 'COMMANDS', 'EXIT STATUS', 'JSON', 'METRICS', 'FILES')),
    ('hugepage-file-init.8', 'hugepage-file-init', ('SYNOPSIS', 'OPTIONS', 'EXIT STATUS')),
    ('pc1-label.1', 'pc1-label', ('SYNOPSIS', 'OPTIONS', 'PARENTS', 'COMPARE', 'EXIT STATUS')),
)
# What stands in the columns of a section's tables; options, if it isn't here.
COLUMNS = {
    'ENVIRONMENT': ('variable', 'values and meaning'),
    'REASONS OF A FALLBACK': ('reason', 'meaning'),
    'EXIT STATUS': ('status', 'meaning'),
    'JSON': ('command', 'keys'),
    'METRICS': ('metric, and its labels', 'meaning'),
    'FILES': ('file', 'content'),
}
HEAD = """# Reference

[Variables](#variables-of-the-library) · [reasons of a fallback](#reasons-of-a-fallback) · [hugepagectl](#hugepagectl), its
[exit statuses](#exit-status-of-hugepagectl), [JSON](#json-of-hugepagectl), [metrics](#metrics-of-hugepagectl) and [files](#files-of-hugepagectl) ·
[hugepage-file-init](#hugepage-file-init) · [pc1-label](#pc1-label)

The manual pages (`man hugepagectl`) say the same: `tools/man/reference.py` makes this page of them.
"""


def text(line: str) -> str:
    """A line in scdoc's marks, in Markdown's."""
    line = re.sub(r'\*(JSON|METRICS)\*', lambda section: f'[{section[1]}](#{section[1].lower()}-of-hugepagectl)', line)
    line = re.sub(r'\*([\w.-]+)\*(\(\d\)|=\w+)', r'*\1\2*', line)  # mmap(2), NAME=value
    line = re.sub(r'([\w/]+\\?_)<(\w+)>', r'`\1<\2>`', line)
    line = re.sub(r'(?<!\w)_(\S(?:.*?\S)??)_(?!\w)', r'<\1>', line)  # what is underlined stands for something
    line = re.sub(r'\*(\S(?:[^*]*\S)?)\*', r'`\1`', line)
    line = re.sub(r'` `', ' ', line).replace('` -- <', ' -- <')
    line = re.sub(r'`([^`]*)` <([A-Z][A-Z_]*)>', r'`\1 \2`', line)
    line = line.replace('\\_', '_').replace('\\*', '*').replace('\\', '')
    return re.sub(r'<([^<>`]+)>(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)', r'*\1*', line)


def sections_of(folder: Path, page: str) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    name = ''
    for line in (folder / f'{page}.scd').read_text(encoding='utf-8').splitlines():
        if line.startswith('# '):
            name = line[2:]
            sections[name] = []
        elif name:
            sections[name].append(line)
    return sections


def rendered(lines: list[str], columns: tuple[str, str]) -> list[str]:
    """Terms that are followed by indented lines become the rows of a table."""
    result: list[str] = []
    rows: list[tuple[str, str]] = []
    term = ''

    def end_table() -> None:
        nonlocal rows
        if rows:
            result.extend(['', f'| {columns[0]} | {columns[1]} |', '|---|---|', *(f'| {name} | {meaning} |' for name, meaning in rows)])
            rows = []

    for position, line in enumerate(lines):
        following = lines[position + 1] if position + 1 < len(lines) else ''
        if line.startswith('\t'):
            rows[-1] = (rows[-1][0], (rows[-1][1] + ' ' + text(line.strip())).strip().replace('|', '\\|'))
        elif following.startswith('\t'):
            term = text(line)
            rows.append((term.replace('|', '\\|'), ''))
        elif line.startswith('## '):
            end_table()
            result += ['', f'### {line[3:]}']
        elif line:
            end_table()
            if result and result[-1] and not result[-1].startswith(('|', '#')):
                result.append(text(line))
            else:
                result += [text(line)] if result and not result[-1] else ['', text(line)]
        elif not rows:
            result.append('')
    end_table()
    return result


def main() -> None:
    out = [HEAD.rstrip()]
    for page, title, wanted in PAGES:
        out += ['', f'## {title}']
        sections = sections_of(Path(sys.argv[1]), page)
        for name in wanted:
            if name not in ('DESCRIPTION', 'OPTIONS', 'SYNOPSIS', 'ENVIRONMENT', 'COMMANDS'):
                out += ['', f'### {"JSON" if name == "JSON" else name.capitalize()}' + ('' if page == 'hugepage-shim.7' else f' of {title}')]
            out += [''] + rendered(sections[name], COLUMNS.get(name, ('option', 'meaning')))
    print(re.sub(r'\n{3,}', '\n\n', '\n'.join(out)).strip())


if __name__ == '__main__':
    main()
