#!/usr/bin/env python3
"""Holds a man page's source against the program's own --help: the same options, the same defaults. And --help fits a terminal of 80 columns.

usage: check_man.py PAGE.scd PROGRAM

Options are taken from the section OPTIONS, and those of a subcommand from the section that has its name. Of each default the words
are compared, not how they are set.
"""
import re
import subprocess
import sys

DEFAULT = re.compile(r'Default: (.*?)\.?$')


def plain(text):
    """Without marks of emphasis, escapes and line breaks."""
    return re.sub(r'\s+', ' ', re.sub(r'\*(\S(?:.*?\S)?)\*', r'\1', text).replace('\\', '')).strip()


def default_in(text):
    """What a description says of the default, which it says last; None if it says nothing."""
    found = DEFAULT.search(plain(text))
    return found.group(1).lower().rstrip('.') if found else None


def help_of(words):
    return subprocess.run([*words, '--help'], check=True, capture_output=True, text=True).stdout


def too_wide(words):
    """Lines of --help; a command in an example is one line, however long."""
    return [line for line in help_of(words).splitlines() if len(line) > 80 and not re.match(r'  [a-z]', line)]


def options_in_help(words):
    text = help_of(words)
    options, names = {}, []
    for line in text.splitlines():
        start = re.match(r'  (-\S+)(?: [A-Z][A-Z:,]*)?(?: +(.*))?$', line)
        if start:
            names = [name for name in start.group(1).split(',') if name.startswith('-')]
            for name in names:
                options[name] = start.group(2) or ''
        elif line.startswith('                ') and names:
            for name in names:
                options[name] += ' ' + line.strip()
        else:
            names = []
    return options


def sections_of(page):
    sections, name, names = {}, '', []
    for line in open(page, encoding='utf-8'):
        heading = re.match(r'#+ (.*)', line)
        if heading:
            name, names = heading.group(1).strip().lower(), []
            continue
        if line.startswith('*-'):
            names = re.findall(r'\*(--?[A-Za-z][A-Za-z0-9_-]*)\*', line)
            for option in names:
                sections.setdefault(name, {})[option] = ''
        elif line.startswith('\t') and names:
            for option in names:
                sections[name][option] += ' ' + line.strip()
        elif line.strip():
            names = []
    return sections


def compare(where, page, program, complaints):
    for name in sorted(program.keys() - page.keys()):
        complaints.append(f'{where}: {name} is in --help and not in the page')
    for name in sorted(page.keys() - program.keys()):
        complaints.append(f'{where}: {name} is in the page and not in --help')
    for name in sorted(page.keys() & program.keys()):
        said, shown = default_in(page[name]), default_in(program[name])
        if said != shown and 'as above' not in page[name].lower():
            complaints.append(f'{where}: {name}: the default is "{shown}" in --help and "{said}" in the page')


def main():
    page, program = sys.argv[1:]
    sections = sections_of(page)
    commands = re.findall(r'^  ([a-z]+) {2,}', help_of([program]).partition('Subcommands:')[2], re.M)
    commands += [name for name in sections if name not in ('options', *commands) and sections[name]]
    complaints = [f'--help is wider than 80 columns: {line}' for words in ((), *((each,) for each in commands)) for line in too_wide([program, *words])]
    compare('OPTIONS', sections.get('options', {}), options_in_help([program]), complaints)
    for command in commands:
        own = dict(sections.get(command, {}))
        own.setdefault('-h', ''), own.setdefault('--help', '')
        compare(command, own, options_in_help([program, command]), complaints)
    for complaint in complaints:
        print(f'{page}: {complaint}', file=sys.stderr)
    if not options_in_help([program]):
        print(f'{program} --help has no options', file=sys.stderr)
        return 1
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
