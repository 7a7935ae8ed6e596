"""Fetching what people sent: from Twilio and the stores it redirects to, or the stand-in, and from nowhere else."""

from urllib.parse import urljoin, urlsplit

from bot.channels.contract import FetchError
from bot.channels.http import Http, NotAnswered, NotSent, TooBig
from bot.channels.twilio_inbound import host_is_twilio, media_path

MOST_REDIRECTS = 3


def may_follow(url: str, api_url: str) -> bool:
    """Whether a redirect of the media resource leads to where Twilio keeps media.

    With Twilio itself, by https: its own hosts, its CDN (mms., media. and others of twiliocdn.com: links of accounts
    that protect their media) and its bucket on S3 (links of those that do not; the path begins with the bucket's name,
    because anybody may have a bucket on that host). With a stand-in: the stand-in.
    """
    try:
        link, api = urlsplit(url), urlsplit(api_url)
        host = link.hostname or ""
    except ValueError:
        return False
    if (link.scheme, link.netloc) == (api.scheme, api.netloc):
        return True
    if not host_is_twilio(api.hostname or "") or link.scheme != "https" or link.netloc != host:
        return False
    return (
        host_is_twilio(host)
        or host.endswith(".twiliocdn.com")
        or (host == "s3-external-1.amazonaws.com" and link.path.startswith("/media.twiliocdn.com/"))
    )


async def fetch_media(http: Http, api_url: str, authorization: str, source: str, at_most: int) -> bytes:
    """The bytes behind a path from `media_path`, at most so many. Our credentials go to the API alone.

    Raises FetchError: "too_big" and "empty" are final; "gone" may be tried again unless the link was foreign or Twilio
    says that the file was deleted (410). A file may be late: a 404 is tried again.
    """
    url = api_url + source
    if not source or not media_path(url, api_url):
        raise FetchError("gone")
    for _ in range(MOST_REDIRECTS + 1):
        headers = {"Authorization": authorization} if url.startswith(api_url + "/") else {}
        try:
            status, data, said = await http.ask_whole("GET", url, headers=headers, at_most=at_most)
        except TooBig:
            raise FetchError("too_big") from None
        except (NotSent, NotAnswered):
            raise FetchError("gone", retry=True) from None
        if status == 200 and data:
            return data
        if status == 200:
            raise FetchError("empty")
        if status not in (301, 302, 303, 307, 308):
            raise FetchError("gone", retry=status != 410)
        url = urljoin(url, said.get("Location", ""))
        if not may_follow(url, api_url):
            raise FetchError("gone")
    raise FetchError("gone")
