"""YAML gives plain values, whoever reads it through MMEngine.

MMEngine reads YAML with a loader whose tags call functions. A config in YAML is refused by
``load_config``. But a config in Python, or one of MMDetection, may name a YAML file as its base.
"""

import yaml
from mmengine.fileio import BaseFileHandler, register_handler


@register_handler(['yaml', 'yml'])
class PlainYamlHandler(BaseFileHandler):
    """Reads and writes YAML with PyYAML's safe loader and dumper."""

    def load_from_fileobj(self, file, **_options):
        return yaml.safe_load(file)

    def dump_to_fileobj(self, obj, file, **options) -> None:
        yaml.safe_dump(obj, file, **options)

    def dump_to_str(self, obj, **options) -> str:
        return yaml.safe_dump(obj, **options)
