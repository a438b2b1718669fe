"""The rule of early answers, fitted on validation images: how sure the head is, and how sure it has to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import minimize

from den_core.inference.early import Confidence, EarlyRule
from den_core.policy import NEVER

SPREAD = 0.5
"Standard deviation, of a task's intercept and slope around those of all tasks: few images stay near the pooled fit."
MARGINS = np.append(np.arange(-30, 50) / 100, NEVER)
"Tried above what the estimator reaches on a task; at the last, nothing is answered early."
TOLERANCE = 0.5
"Standard errors of accuracy that may be given away at cost weight 0 for the MACs that it saves."


def error_of_mean(tasks: Sequence[np.ndarray]) -> float:
    """Standard error of the mean over tasks of the means over their images; values by task, (N,) each."""
    errors = [values.std() / len(values) ** 0.5 for values in tasks]
    return float(np.linalg.norm(errors)) / len(errors)


def fit_confidences(log_odds: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray]) -> dict[str, Confidence]:
    """By task, the probability that its head is right, from the log-odds of its answer.

    A logistic curve is fitted to all tasks together, each counting equally; then to each task with a normal prior
    around that.

    Args:
        log_odds: of the head's answer by task, (N,).
        right: whether it is right, bool (N,).
    """
    odds, hits = (np.concatenate([part[name] for name in log_odds]) for part in (log_odds, right))
    counts = np.array([len(part) for part in log_odds.values()])
    equal = np.repeat(counts.mean() / counts, counts)
    pooled = _fit(odds, hits, equal, np.array([0.0, 1.0]), spread=10.0)
    found = {name: _fit(odds, right[name], np.ones(len(odds)), pooled, SPREAD) for name, odds in log_odds.items()}
    return {name: Confidence(float(intercept), float(slope)) for name, (intercept, slope) in found.items()}


def _fit(odds: np.ndarray, right: np.ndarray, weights: np.ndarray, prior: np.ndarray, spread: float) -> np.ndarray:
    """The most probable intercept and slope, (2,), the slope not negative."""

    def loss(curve: np.ndarray) -> tuple[float, np.ndarray]:
        logit = curve[0] + curve[1] * odds
        missed = weights * (1 / (1 + np.exp(-np.clip(logit, -500, 500))) - right)
        value = float((weights * (np.logaddexp(0, logit) - right * logit)).sum())
        away = (curve - prior) / spread
        slope = np.array([missed.sum(), (missed * odds).sum()]) + away / spread
        return value + float(away @ away) / 2, slope

    return minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=[(None, None), (0.0, None)]).x


class Tradeoff:
    """Early answers beside the choices at several cost weights, on validation images.

    Args:
        probability: that the head is right, by task, (N,).
        head: whether it is right, bool (N,).
        weights: W cost weights, rising from 0.
        estimator: whether the estimator is right under the choice at each of them, bool (N, W).
        macs: of that choice, everything included, as shares of the full model's, (N, W).
        selector: the selector's share alone, by task.
    """

    def __init__(
        self,
        probability: Mapping[str, np.ndarray],
        head: Mapping[str, np.ndarray],
        weights: Sequence[float],
        estimator: Mapping[str, np.ndarray],
        macs: Mapping[str, np.ndarray],
        selector: Mapping[str, float],
    ):
        self.probability, self.head, self.weights = probability, head, np.asarray(weights)
        self.estimator, self.macs, self.selector = estimator, macs, selector

    def rule(self, confidence: dict[str, Confidence]) -> EarlyRule:
        """The thresholds at cost weight 0, and by how much they fall."""
        thresholds = self.thresholds(self.margin())
        return EarlyRule(confidence, thresholds, self.fall(thresholds))

    def thresholds(self, margin: float) -> dict[str, float]:
        """By task, what the estimator reaches at cost weight 0 plus a margin, within [0, 1]."""
        return {name: float(np.clip(part[:, 0].mean() + margin, 0, NEVER)) for name, part in self.estimator.items()}

    def margin(self) -> float:
        """The lowest margin from which on no higher one is clearly more accurate, at cost weight 0."""
        tried = [self.thresholds(margin) for margin in MARGINS]
        right = {}
        for name in self.head:
            early = self.probability[name][:, None] > np.array([thresholds[name] for thresholds in tried])
            right[name] = np.where(early, self.head[name][:, None], self.estimator[name][:, :1]).astype(float)
        accuracy = np.mean([part.mean(axis=0) for part in right.values()], axis=0)
        best = int(accuracy.argmax())
        for place in range(best):
            error = error_of_mean([part[:, best] - part[:, place] for part in right.values()])
            if accuracy[best] - accuracy[place] <= TOLERANCE * error:
                return float(MARGINS[place])
        return float(MARGINS[best])

    def fall(self, thresholds: Mapping[str, float]) -> float:
        """How fast the thresholds fall: best is what is most accurate on average over the shares that can be spent.

        Tried are the falls that bring their mean to 0 at one of the cost weights.
        """
        falls = float(np.mean(list(thresholds.values()))) / self.weights[1:]
        low = float(np.mean(list(self.selector.values())))
        high = self.at(thresholds, 0.0)[0][0]
        shares = np.linspace(low, high, 50)

        def worth(fall: float) -> float:
            spent, accuracy = self.at(thresholds, fall)
            order = np.argsort(spent)
            return float(np.interp(shares, spent[order], accuracy[order]).mean())

        return float(max(falls, key=worth))

    def at(self, thresholds: Mapping[str, float], fall: float) -> tuple[np.ndarray, np.ndarray]:
        """Share of the full MACs and accuracy at every cost weight, means over tasks, (W,) each."""
        spent, accuracy = [], []
        for name, probability in self.probability.items():
            limits = np.clip(thresholds[name] - fall * self.weights, 0, NEVER)
            early = probability[:, None] > limits
            spent.append(np.where(early, self.selector[name], self.macs[name]).mean(axis=0))
            accuracy.append(np.where(early, self.head[name][:, None], self.estimator[name]).mean(axis=0))
        return np.mean(spent, axis=0), np.mean(accuracy, axis=0)
