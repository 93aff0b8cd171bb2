"""ConverterRegistry of 1.0.9: converters by name and by suffix."""

from pathlib import Path


class ConverterRegistry:
    """Converters by name; of two for one suffix the later counts."""

    def __init__(self):
        self._classes = {}

    def register(self, name, converter_class):
        self._classes.pop(name, None)
        self._classes[name] = converter_class

    def unregister(self, name):
        return self._classes.pop(name, None) is not None

    def clear(self):
        self._classes.clear()

    def get_converter_by_name(self, name):
        found = self._classes.get(name)
        return found() if found is not None else None

    def get_converter(self, path):
        """A converter for a file by its suffix, or None."""
        name = Path(path).name.lower()
        for found in reversed(list(self._classes.values())):
            if any(name.endswith(suffix) for suffix in found.supported_inputs):
                return found()
        return None

    def list_converters(self):
        """The names of all converters."""
        return list(self._classes)

    def list_supported_formats(self):
        """{name: {"inputs": [...], "outputs": [...]}}"""
        return {
            name: {"inputs": sorted(found.supported_inputs), "outputs": sorted(found.supported_outputs)}
            for name, found in self._classes.items()
        }

    def supports_input(self, path):
        return self.get_converter(path) is not None

    def get_available_outputs(self, path):
        converter = self.get_converter(path)
        return set(converter.supported_outputs) if converter is not None else set()

    def supports_conversion(self, path, output_format):
        return "." + output_format.lower().lstrip(".") in self.get_available_outputs(path)


registry = ConverterRegistry()
