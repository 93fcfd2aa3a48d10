"""`/v1/fields`: what is known of an image, and how to ask for it."""

from functools import cache

import orjson
from aiohttp import web

from engines.histogram import spreadable
from mappings.field import Field
from search_api.naming import LATER, QUESTION_NAMES, SHOWN
from search_api.routes.keys import caller_of, no_parameters
from search_api.routes.response import tagged


async def fields(request: web.Request) -> web.Response:
    """Answer with every field that may be asked for."""
    await caller_of(request)
    no_parameters(request)
    return tagged(request, fields_json())


@cache
def fields_json() -> bytes:
    """Write the fields, in the order of documents."""
    return orjson.dumps(
        {"fields": [_shown(field) for field in SHOWN], "reserved": sorted((*QUESTION_NAMES, *LATER))}
    )


def _shown(field: Field) -> dict[str, object]:
    return {
        "name": field.name,
        "kind": field.kind,
        "unit": field.unit,
        "multiple": field.multiple,
        "group": field.group,
        "label": field.label,
        "label_zh": field.label_zh,
        "description": field.description,
        "example": field.example,
        "source": field.source,
        "ims": field.ims,
        "glance": field.glance,
        "aliases": field.aliases,
        "values": field.values,
        "vocabulary": field.vocabulary,
        "filterable": field.filterable,
        "facet": field.facet,
        "sortable": field.sortable,
        "histogram": spreadable(field),
        "summable": field.summable,
        "text": field.text,
        "exposure": field.exposure,
        "stated_in": field.stated_in,
        "absent": field.absent,
    }
