"""Where replies come from: the embedded ``echo``, and models over HTTP by five kinds of API.

``http_stream`` makes the call; ``reply_body`` (over ``sse``) makes events of its bytes; each API's module reads its
events into a ``reply_stream``, which knows words from thinking (``reply_text``) and puts calls of tools together
(``tool_calls``); ``failures`` tells what went wrong. All but the first and the modules of the APIs are plain Python.
"""
