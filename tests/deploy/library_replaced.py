#!/usr/bin/python3
"""Runs what the DaemonSet's init container does to the libraries while a program has the old ones mapped.

usage: library_replaced.py MANIFEST

A library that differs is replaced by another file, and the mapped one keeps its content; one that is the same stays the same file.
"""
import mmap
import pathlib
import subprocess
import sys
import tempfile

import yaml


def replace(manifest, image, host):
    workload = next(one for one in yaml.safe_load_all(manifest.read_text()) if one['kind'] == 'DaemonSet')
    container = next(one for one in workload['spec']['template']['spec']['initContainers'] if one['name'] == 'libraries')
    words = [word.replace('/usr/lib/*/', f'{image}/').replace('/host/', f'{host}/') for word in container['command'] + container.get('args', [])]
    subprocess.run(words, check=True)


def main():
    with tempfile.TemporaryDirectory() as folder:
        image, host = pathlib.Path(folder, 'image'), pathlib.Path(folder, 'host')
        image.mkdir()
        host.mkdir()
        new, there = image / 'libhugepage_shim.so', host / 'libhugepage_shim.so'
        new.write_bytes(b'the first')
        replace(pathlib.Path(sys.argv[1]), image, host)
        with there.open('rb') as file:
            mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        new.write_bytes(b'the other')
        replace(pathlib.Path(sys.argv[1]), image, host)
        assert there.read_bytes() == b'the other'
        assert mapped[:] == b'the first', 'the running program sees another content'
        inode = there.stat().st_ino
        replace(pathlib.Path(sys.argv[1]), image, host)
        assert there.stat().st_ino == inode, 'the same library was replaced'
        assert [one.name for one in host.iterdir()] == [there.name]


main()
