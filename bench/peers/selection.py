"""The selection benchmarks in NumPy on one thread, printed as the JSON results of `querent bench`.

The same methods in the same factorised form: no outer product is formed, distances are updated by one matrix-vector product.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402

HIDDEN, CLASSES, LABELED = 512, 10, 100


def summary(name, size, times):
    times = sorted(times)
    middle = len(times) // 2
    median = times[middle] if len(times) % 2 else (times[middle - 1] + times[middle]) / 2
    return {"name": name, "ms": median, "min_ms": times[0], "max_ms": times[-1], "runs": len(times), "size": size, "backend": "numpy"}


def predictions(n, rng):
    features = np.maximum(rng.standard_normal((n, HIDDEN), dtype=np.float32), 0)
    logits = features @ (rng.standard_normal((HIDDEN, CLASSES), dtype=np.float32) / 8)
    logits -= logits.max(1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return features, log_p


def badge(features, p, k, rng):
    residual = p.copy()
    residual[np.arange(len(p)), p.argmax(1)] -= 1
    squared = np.einsum("ij,ij->i", residual, residual) * np.einsum("ij,ij->i", features, features)
    picks = [int(squared.argmax())]
    nearest = np.full(len(p), np.inf)
    while True:
        last = picks[-1]
        d2 = squared + squared[last] - 2 * (residual @ residual[last]) * (features @ features[last])
        nearest = np.minimum(nearest, np.maximum(d2, 0))
        nearest[picks] = 0
        if len(picks) == k:
            return picks
        total = np.cumsum(nearest, dtype=np.float64)
        picks.append(int(np.searchsorted(total, rng.random() * total[-1], side="right")))


def core_set(features, labeled, k):
    squared = np.einsum("ij,ij->i", features, features)
    nearest = np.full(len(features), np.inf, dtype=np.float32)
    picks = []
    for center in labeled:
        nearest = np.minimum(nearest, squared + squared[center] - 2 * (features @ features[center]))
    nearest[labeled] = -1
    for _ in range(k):
        picks.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, squared + squared[picks[-1]] - 2 * (features @ features[picks[-1]]))
        nearest[picks[-1]] = -1
    return picks


def last_layer_norms(features, log_p):
    p = np.exp(log_p)
    entropy = -(p * log_p).sum(1, keepdims=True)
    error = p * (log_p + entropy)
    return np.sqrt(np.einsum("ij,ij->i", error, error)) * (np.sqrt(np.einsum("ij,ij->i", features, features)) + 1)


def timed(runs, call):
    times = []
    for run in range(-1, runs):
        start = time.perf_counter()
        call()
        if run >= 0:
            times.append((time.perf_counter() - start) * 1000)
    return times


def selection(runs, rng):
    features, log_p = predictions(10_000, rng)
    p = np.exp(log_p)
    yield summary("badge-10k", f"10,000 × {HIDDEN}, {CLASSES} classes, k 100", timed(runs, lambda: badge(features, p, 100, rng)))
    features, log_p = predictions(50_000, rng)
    p = np.exp(log_p)
    few = min(runs, 5)
    yield summary("badge-50k", f"50,000 × {HIDDEN}, {CLASSES} classes, k 200", timed(few, lambda: badge(features, p, 200, rng)))
    labeled = np.arange(len(p) - LABELED, len(p))
    yield summary("core-set-50k", f"50,000 × {HIDDEN}, k 200", timed(few, lambda: core_set(features, labeled, 200)))


def gradients(runs, rng):
    features, log_p = predictions(50_000, rng)
    name = "entropy-gradnorm-last-50k"
    yield summary(name, f"50,000 × {HIDDEN}, {CLASSES} classes", timed(runs, lambda: last_layer_norms(features, log_p)))


def main():
    suite = gradients if sys.argv[1:] == ["gradients"] else selection
    results = list(suite(9, np.random.default_rng(1)))
    print(json.dumps({"versions": {"numpy": np.__version__}, "results": results}))


if __name__ == "__main__":
    main()
