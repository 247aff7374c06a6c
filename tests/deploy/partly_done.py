#!/usr/bin/python3
"""Runs what the DaemonSet's containers do with hugepagectl, which is a stand-in that ends with a given status.

usage: partly_done.py MANIFEST

A setup that is done in part lets the pod start, one that failed doesn't; and metrics are written again also after they could not be.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import yaml


def commands(manifest):
    workload = next(one for one in yaml.safe_load_all(manifest.read_text()) if one['kind'] == 'DaemonSet')
    pod = workload['spec']['template']['spec']
    return {one['name']: one['command'] + one.get('args', []) for one in pod['initContainers'] + pod['containers']}


def main():
    words = commands(pathlib.Path(sys.argv[1]))
    with tempfile.TemporaryDirectory() as folder:
        told = pathlib.Path(folder, 'told')

        def run(command, status):
            stand_ins = {'hugepagectl': f'echo "$@" >>{told}; exit {status}',
                         'sleep': f'[ "$(wc -l <{told})" -lt 3 ] || kill $PPID'}
            for name, text in stand_ins.items():
                program = pathlib.Path(folder, name)
                program.write_text(f'#!/bin/sh\n{text}\n')
                program.chmod(0o755)
            told.write_text('')
            return subprocess.run(command, check=False, timeout=60, env={'PATH': f'{folder}:{os.environ["PATH"]}'}).returncode

        for status, ends in ((0, True), (3, True), (4, True), (1, False), (2, False), (5, False)):
            assert (run(words['setup'], status) == 0) is ends, f'setup that ends with {status}'
            assert told.read_text() == 'setup --config /etc/hugepage-shim.conf\n'
        run(words['status'], 1)
        assert told.read_text().count('status --prometheus /textfile/') == 3


main()
