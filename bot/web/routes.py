"""All pages of ours, for the application that bot/main.py makes."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.routing import Route

from bot.channels.web_chat import WebChat
from bot.web.chat import Chat
from bot.web.form import Form
from bot.web.page import static
from bot.web.ports import Ports, Site
from bot.web.public import PublicPages


def routes(ports: Ports, site: Site, channels: Mapping[str, WebChat]) -> APIRouter:
    """`channels`: the web chat of each association, by slug. Include it last: `/{association}/…` is wide."""
    return APIRouter(
        routes=[
            Route("/static/{name}", static, methods=["GET"]),
            *PublicPages(ports, site).routes(),
            *Form(ports, site).routes(),
            *Chat(ports, site, channels).routes(),
        ]
    )
