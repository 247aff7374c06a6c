#!/usr/bin/python3
"""Holds Kubernetes manifests against the API's own schema, as python3-kubernetes has it.

usage: check_manifest.py MANIFEST...

Every key must be known, every value of the type that the API wants, and nothing that is required may be wanting; a container
mounts only volumes that its pod has, and a workload selects its own pods.
"""
import re
import sys

import kubernetes.client as api
import yaml

MODELS = {('v1', 'Namespace'): 'V1Namespace', ('v1', 'ConfigMap'): 'V1ConfigMap', ('v1', 'Pod'): 'V1Pod',
          ('apps/v1', 'DaemonSet'): 'V1DaemonSet'}
SCALARS = {'str': str, 'int': int, 'bool': bool, 'float': (int, float)}


def check(value, kind, where):
    """Returns the value as the model wants it; raises ValueError that says where and what."""
    if kind in SCALARS:
        if not isinstance(value, SCALARS[kind]) or (kind == 'int' and isinstance(value, bool)):
            raise ValueError(f'{where}: {value!r} is no {kind}')
        return value
    if found := re.fullmatch(r'list\[(.*)\]', kind):
        if not isinstance(value, list):
            raise ValueError(f'{where}: no list')
        return [check(one, found.group(1), f'{where}[{i}]') for i, one in enumerate(value)]
    if found := re.fullmatch(r'dict\(str, (.*)\)', kind):
        if not isinstance(value, dict):
            raise ValueError(f'{where}: no mapping')
        return {key: check(one, found.group(1), f'{where}.{key}') for key, one in value.items()}
    if kind in ('object', 'datetime'):
        return value
    model = getattr(api, kind)
    if not isinstance(value, dict):
        raise ValueError(f'{where}: no mapping')
    names = {json: name for name, json in model.attribute_map.items()}
    arguments = {}
    for key, one in value.items():
        if key not in names:
            raise ValueError(f'{where}: {kind} has no {key}')
        arguments[names[key]] = check(one, model.openapi_types[names[key]], f'{where}.{key}')
    try:
        return model(**arguments)
    except ValueError as error:
        raise ValueError(f'{where}: {error}') from error


def check_pod(pod, where):
    volumes = {volume.name for volume in pod.volumes or []}
    for container in [*(pod.init_containers or []), *pod.containers]:
        for mount in container.volume_mounts or []:
            if mount.name not in volumes:
                raise ValueError(f'{where}: {container.name} mounts {mount.name}, which is no volume of the pod')


def check_manifest(path):
    for number, document in enumerate(yaml.safe_load_all(open(path, encoding='utf-8'))):
        where = f'{path}: document {number + 1}'
        identity = (document.get('apiVersion'), document.get('kind'))
        if identity not in MODELS:
            raise ValueError(f'{where}: {identity} is not among {sorted(MODELS)}')
        made = check(document, MODELS[identity], where)
        if identity[1] == 'Pod':
            check_pod(made.spec, where)
        if identity[1] == 'DaemonSet':
            check_pod(made.spec.template.spec, where)
            labels = made.spec.template.metadata.labels
            if not made.spec.selector.match_labels.items() <= labels.items():
                raise ValueError(f'{where}: selects other pods than its own')


def main():
    try:
        for path in sys.argv[1:]:
            check_manifest(path)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
