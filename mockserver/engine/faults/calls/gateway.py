"""The fault kind ``gateway``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from mockserver.engine.core.call import Call, Proceed
from mockserver.engine.core.reply import Reply
from mockserver.engine.faults.base import Fault

_PAGE = (
    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
    "<center><h1>{title}</h1></center>\r\n<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
)


class Gateway(Fault):
    """Responds with 502, 503 or 504 and the HTML page of a load balancer, without performing the operation."""

    kind: Literal["gateway"] = "gateway"
    status: Literal[502, 503, 504] = 502
    server: Literal["nginx", "awselb/2.0", "cloudflare"] = "nginx"

    def apply(self, call: Call, proceed: Proceed) -> Reply:  # noqa: ARG002
        phrase = "Gateway Time-out" if self.status == 504 else HTTPStatus(self.status).phrase
        phrase = "Service Temporarily Unavailable" if self.status == 503 else phrase
        page = _PAGE.format(title=f"{self.status} {phrase}", server=self.server)
        return Reply(self.status, [("Content-Type", "text/html"), ("Server", self.server)], page.encode())
