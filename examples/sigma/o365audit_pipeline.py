"""A processing pipeline for pySigma: rules for `product: m365` find the documents of o365audit.

    from sigma.backends.elasticsearch import LuceneBackend
    from sigma.collection import SigmaCollection
    from o365audit_pipeline import o365audit_pipeline

    rules = SigmaCollection.load_ruleset(["rules/cloud/m365"])
    for query in LuceneBackend(o365audit_pipeline()).convert(rules):
        print(query)

https://sigmahq-pysigma.readthedocs.io/en/latest/Processing_Pipelines.html
"""

import re
from dataclasses import dataclass

from sigma.conditions import ConditionOR
from sigma.exceptions import SigmaTransformationError
from sigma.processing.conditions import IncludeFieldCondition, LogsourceCondition
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import AddConditionTransformation, FieldMappingTransformation
from sigma.processing.transformations.base import DetectionItemTransformation, ValueTransformation
from sigma.rule import SigmaDetection, SigmaDetectionItem
from sigma.types import SigmaExists, SigmaRegularExpression, SigmaString, SpecialChars

# The names that the rules use, and where the same stands in a document.
FIELDS = {
    "Operation": "event.action",
    "Workload": "event.provider",
    "eventSource": "event.provider",
    "status": "event.outcome",
    "RequestType": "o365.audit.ExtendedProperties.RequestType",
}

# What the mapping copies under Microsoft's own name.
RAW_FIELDS = (
    "ApplicationId", "ClientIP", "ClientIPAddress", "DeliveryAction", "Directionality", "LogonError", "ObjectId", "RecordType", "ResultStatus", "UserId", "UserType",
)

PARAMETERS = "o365.audit.Parameters"

# What can stand in one of several fields.
SPREAD_FIELDS = {
    # an alert has its title in rule.name and the operation AlertTriggered, where the rules look for the title among the operations
    "eventName": ["event.action", "rule.name"],
    "OperationProperties": ["o365.audit.OperationProperties.Name", "o365.audit.OperationProperties.Value"],
    # the text of the event is kept on request only, and is not indexed; a cmdlet is its name and its parameters
    "Payload": ["event.action", f"{PARAMETERS}._raw"],
}


@dataclass
class SpreadTransformation(DetectionItemTransformation):
    """Looks for each value in any of the fields: of several values that all have to be there, each may be in another one."""

    def apply_detection_item(self, detection_item: SigmaDetectionItem) -> SigmaDetection:
        fields = SPREAD_FIELDS[detection_item.field]
        alternatives = [SigmaDetection([SigmaDetectionItem(field, [], [value]) for field in fields], item_linking=ConditionOR) for value in detection_item.value]
        return SigmaDetection(alternatives, item_linking=detection_item.value_linking)


@dataclass
class ParameterExistsTransformation(DetectionItemTransformation):
    """`Parameters|contains: ForwardTo` asks for the name of a parameter, which is a field of its own. Parameters that came as one text are searched in it."""

    def apply_detection_item(self, detection_item: SigmaDetectionItem) -> SigmaDetection:
        return SigmaDetection([self._one(value) for value in detection_item.value], item_linking=detection_item.value_linking)

    @staticmethod
    def _one(value: SigmaString) -> SigmaDetection:
        name = str(value).strip("*")
        if not re.fullmatch(r"\w+", name):
            raise SigmaTransformationError(f"Parameters: '{value}' is no name of a parameter, and values are not searched across all of them")
        return SigmaDetection(
            [SigmaDetectionItem(f"{PARAMETERS}.{name}", [], [SigmaExists(True)]), SigmaDetectionItem(f"{PARAMETERS}._raw", [], [SigmaString(f"*{name}*")])],
            item_linking=ConditionOR,
        )


@dataclass
class IgnoreCaseTransformation(ValueTransformation):
    """A part of a text is found whatever its case, as Sigma has it; a query for a keyword would not do that."""

    def apply_value(self, field: str, value: SigmaString) -> SigmaRegularExpression | SigmaString:
        if not value.contains_special():
            return value
        return SigmaRegularExpression("".join(self._pattern(part) for part in value.s))

    @staticmethod
    def _pattern(part: str | SpecialChars) -> str:
        if part == SpecialChars.WILDCARD_MULTI:
            return ".*"
        if part == SpecialChars.WILDCARD_SINGLE:
            return "."
        return "".join(c if c.isdigit() else f"[{c.lower()}{c.upper()}]" if c.isascii() and c.isalpha() else c if c.isalnum() else f"\\{c}" for c in str(part))


def o365audit_pipeline() -> ProcessingPipeline:
    """The pipeline, for any backend for Elasticsearch or OpenSearch."""

    def item(identifier: str, transformation, fields: list[str] | None = None) -> ProcessingItem:
        # an item keeps its conditions for itself
        return ProcessingItem(
            transformation,
            identifier=f"o365audit_{identifier}",
            rule_conditions=[LogsourceCondition(product="m365")],
            field_name_conditions=[] if fields is None else [IncludeFieldCondition(fields)],
        )

    texts = sorted({field for fields in SPREAD_FIELDS.values() for field in fields})
    return ProcessingPipeline(
        name="Documents of o365audit",
        priority=20,
        items=[
            item("spread", SpreadTransformation(), list(SPREAD_FIELDS)),
            item("parameters", ParameterExistsTransformation(), ["Parameters"]),
            item("fields", FieldMappingTransformation(FIELDS | {name: f"o365.audit.{name}" for name in RAW_FIELDS})),
            item("case", IgnoreCaseTransformation(), texts),
            item("dataset", AddConditionTransformation({"data_stream.dataset": "o365.audit"})),
        ],
    )
