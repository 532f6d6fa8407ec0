"""The store of files: whether it is there, and lets us in."""

import urllib.error
import urllib.request

from teamgram.app import stage_settings
from teamgram.app.config import sections
from teamgram.app.config.errors import ConfigError
from teamgram.app.doctor.findings import PROBE_SECONDS, Finding, bad, good, odd
from teamgram.blobs.s3.settings import S3Settings


def files(file: sections.DfsFile) -> Finding:
    """Where files lie. Nothing is written, so a bucket that is not there yet stays so."""
    try:
        store = stage_settings.s3(file)
    except ConfigError as error:
        return bad("files", str(error), "correct it there; docs/files.md lists the keys")
    if store is None:
        return good("files", "in the data directory")
    where = f"bucket {store.bucket} of {store.endpoint}"
    try:
        status = _status(store)
    except OSError as error:
        return bad("files", f"{where}: {getattr(error, 'reason', error)}", "start the store, or correct Minio.Endpoint")
    if status == 404:
        return odd("files", f"{where} is not there", "nothing to do: it is made when the first file comes, if we may")
    if status != 200:
        return bad("files", f"{where}: answers {status}", "correct Minio.AccessKeyID and SecretAccessKey in dfs.yaml")
    return good("files", where)


def _status(store: S3Settings) -> int:
    from aws_request_signer import AwsRequestSigner

    url = f"{store.endpoint}/{store.bucket}"
    signer = AwsRequestSigner(store.region, store.access_key_id, store.secret_access_key, "s3")
    # The endpoint is http or https: see stage_settings.s3.
    request = urllib.request.Request(url, headers=signer.sign_with_headers("HEAD", url), method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=PROBE_SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
