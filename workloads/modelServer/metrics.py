"""Counters that KServe's own metrics lack: it times each stage but counts neither kind of failure."""

from prometheus_client import Counter

REJECTED_REQUESTS = Counter(
    "mlplatform_requests_rejected_total",
    "Requests answered 4xx because their payload does not fit the model's signature.",
    ["model_name"],
)
PREDICTION_ERRORS = Counter(
    "mlplatform_prediction_errors_total",
    "Predictions in which the model itself failed on an input that fits its signature.",
    ["model_name"],
)
