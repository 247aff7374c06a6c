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
HEAD = """# Reference

Made from the manual pages by `tools/man/reference.py`: change those. Every variable, option, exit status, key of the reports in JSON and metric;
`man hugepagectl` says the same, and `hugepagectl COMMAND --help` the options.
"""


def text(line: str) -> str:
    """A line in scdoc's marks, in Markdown's."""
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


def rendered(lines: list[str]) -> list[str]:
    """Terms that are followed by indented lines become the rows of a table."""
    result: list[str] = []
    rows: list[tuple[str, str]] = []
    term = ''

    def end_table() -> None:
        nonlocal rows
        if rows:
            result.extend(['', '| | |', '|---|---|', *(f'| {name} | {meaning} |' for name, meaning in rows)])
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
            out += [''] + rendered(sections[name])
    print(re.sub(r'\n{3,}', '\n\n', '\n'.join(out)).strip())


if __name__ == '__main__':
    main()
