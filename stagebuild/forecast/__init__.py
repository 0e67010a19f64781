"""
What a build will do, before it is done: which steps run, why, and how long it takes.

``forecasting.forecast`` brings plan, folders and history together; the rest is pure: ``states``
decides, ``counterparts`` and ``reasons`` compare with an earlier build, ``times`` adds up.
"""

from stagebuild.forecast.forecasting import forecast
from stagebuild.forecast.values import (
    Cause,
    Duration,
    Forecast,
    Reason,
    StageForecast,
    State,
    StepForecast,
)

__all__ = [
    "Cause",
    "Duration",
    "Forecast",
    "Reason",
    "StageForecast",
    "State",
    "StepForecast",
    "forecast",
]
