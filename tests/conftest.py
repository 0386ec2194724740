"""What holds for all tests: the same hypothesis examples on every machine and every run."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "softmix",
    derandomize=True,
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("softmix")
