"""What holds for all tests: the same hypothesis examples on every machine and every run."""

import os
import signal

from hypothesis import HealthCheck, settings

# SciPy reads it when first imported; without it scikit-learn leaves an estimator check out.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

# A shell that runs tests in the background has Ctrl-C ignored, in the processes that tests start too.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "softmix",
    derandomize=True,
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("softmix")
