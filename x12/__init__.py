"""The X12 codec: bytes to business-named documents and back, with findings instead of exceptions.

Before it stand transports that carry bytes; after it stand claims, responses and insurance, which know
documents and never segments. Pure: imports the standard library and ``lib`` only, reads no clock.
"""
