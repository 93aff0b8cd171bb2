"""DependencyChecker of 1.0.9. The library needs nothing besides itself, so every check is passed."""


class DependencyChecker:
    def check_all_dependencies(self):
        return {"available": True, "missing": []}

    def check_java(self):
        return False, "Java is not needed"

    def get_installation_instructions(self):
        return "Nothing has to be installed besides pyforge-cli."


__all__ = ["DependencyChecker"]
