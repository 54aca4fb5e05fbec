"""The training benchmarks in PyTorch on one thread, printed as the JSON results of `querent bench`."""

import json
import sys
import time

import torch
from torch import nn

CLASSES = 10
BATCH = 64
RUNS = 9
WARM_UP = 2


def summary(name, size, times, **extra):
    times = sorted(times)
    middle = len(times) // 2
    median = times[middle] if len(times) % 2 else (times[middle - 1] + times[middle]) / 2
    return {"name": name, "ms": median, "min_ms": times[0], "max_ms": times[-1], "runs": len(times), "size": size, **extra}


def mlp():
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, CLASSES))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 49, CLASSES),
    )  # fmt: skip


def train(name, size, model, shape, steps):
    """One epoch of shuffled minibatches per repetition; the optimiser is Adam as torch makes it by default."""
    inputs = torch.randint(0, 256, (steps * BATCH, *shape), dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (steps * BATCH,))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()
    times = []
    for run in range(WARM_UP + RUNS):
        start = time.perf_counter()
        order = torch.randperm(len(inputs))
        total = 0.0
        for chosen in order.split(BATCH):
            optimizer.zero_grad()
            loss = loss_of(model(inputs[chosen].float() / 255), labels[chosen])
            loss.backward()
            optimizer.step()
            total += loss.item()
        if run >= WARM_UP:
            times.append((time.perf_counter() - start) * 1000 / steps)
    result = summary(name, size, times, unit="ms per step", backend="torch")
    return {**result, "samplesPerSecond": round(1000 * BATCH / result["ms"])}


def entropy_norms(model, inputs):
    """Norm of each sample's entropy gradient over every layer: products of squared norms, one backward pass."""
    captured = []
    hooks = [layer.register_forward_hook(lambda _, i, o: captured.append((i[0], o))) for layer in model if isinstance(layer, nn.Linear)]
    log_p = torch.log_softmax(model(inputs), dim=1)
    entropy = -(log_p.exp() * log_p).sum()
    errors = torch.autograd.grad(entropy, [output for _, output in captured])
    for hook in hooks:
        hook.remove()
    squared = 0
    for (layer_input, _), error in zip(captured, errors):
        squared = squared + error.square().sum(1) * (layer_input.square().sum(1) + 1)
    return squared.sqrt()


def gradient_norms():
    model = mlp()
    inputs = torch.randint(0, 256, (10_000, 784), dtype=torch.uint8)
    times = []
    for run in range(1 + RUNS):
        start = time.perf_counter()
        torch.cat([entropy_norms(model, chunk.float() / 255) for chunk in inputs.split(1000)])
        if run > 0:
            times.append((time.perf_counter() - start) * 1000)
    return summary("entropy-gradnorm-all-10k", "10,000 × 784-256-10, every layer", times, backend="torch")


def main():
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if len(sys.argv) > 1 and sys.argv[1] == "gradients":
        results = [gradient_norms()]
    else:
        results = training()
    print(json.dumps({"versions": {"torch": torch.__version__}, "results": results}))


def training():
    return [
        train("train-mlp-b64", "784-256-10, batch 64, Adam, 1 thread", mlp(), (784,), 100),
        train("train-cnn-b64", "1×28×28, 3×3×16, pool, 3×3×32, pool, dense 10, batch 64, Adam, 1 thread", cnn(), (1, 28, 28), 20),
    ]


if __name__ == "__main__":
    main()
