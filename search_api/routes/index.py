"""`/`: what there is."""

import orjson
from aiohttp import web

from search_api.routes.keys import no_parameters
from search_api.routes.response import tagged

_BODY = orjson.dumps(
    {
        "routes": [
            {"path": "/v1/images", "what": "search by parameters; q takes a sentence"},
            {"path": "/v1/images/search", "method": "POST", "what": "search by a JSON body"},
            {"path": "/v1/images/{id}", "what": "the images of an id"},
            {"path": "/v1/images/{id}/raw", "what": "the record of an image as the cloud sent it"},
            {"path": "/v1/facets", "what": "the counts of a search"},
            {"path": "/v1/fields", "what": "what is known of an image, and how to ask for it"},
            {"path": "/v1/runs", "what": "what the crawls did"},
            {"path": "/v1/runs/{run}", "what": "what one of them did"},
            {"path": "/v1/changes", "what": "what became of images: since, and any question"},
            {"path": "/healthz", "what": "whether the process answers"},
            {"path": "/readyz", "what": "whether it can answer questions"},
        ]
    }
)


async def index(request: web.Request) -> web.Response:
    """Answer with the routes."""
    no_parameters(request)
    return tagged(request, _BODY)
