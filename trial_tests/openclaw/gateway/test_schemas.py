"""Shapes of parameters: every method's schema compiles, and problems are worded as clients know them."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.gateway.schemas.validator import MethodSchemas, compile_schema, problems_of


class MethodSchemaTests(SynchronousTestCase):
    """The generated file."""

    def setUp(self) -> None:
        self.schemas = MethodSchemas()

    def test_all_compile(self) -> None:
        """No schema has a keyword that would not be checked."""
        self.assertGreater(len(list(self.schemas.names())), 60)
        for name in self.schemas.names():
            self.schemas.problem(name, {})

    def test_wordings(self) -> None:
        """As recorded from the reference gateway."""
        for method, params, problem in (
            ("sessions.list", {"bogus": 1}, "at root: unexpected property 'bogus'"),
            ("sessions.list", {"limit": -1}, "at /limit: must be >= 1"),
            ("connect", {"minProtocol": 4, "maxProtocol": 4}, "must have required property 'client'"),
            ("node.list", [], "must be object"),
            ("device.pair.approve", {"requestId": 7}, "at /requestId: must be string"),
        ):
            self.assertEqual(self.schemas.problem(method, params), problem)

    def test_absent_parameters(self) -> None:
        """The command line leaves them out; that is an empty object."""
        self.assertIsNone(self.schemas.problem("node.list", None))
        self.assertEqual(self.schemas.problem("node.describe", None), "must have required property 'nodeId'")

    def test_newer_clients(self) -> None:
        """Properties that released clients send beyond the published schema are taken."""
        self.assertIsNone(self.schemas.problem("chat.history", {"sessionKey": "main", "maxBytes": 65536}))

    def test_methods_without_a_shape(self) -> None:
        """Take anything."""
        self.assertIsNone(self.schemas.problem("health", {"anything": 1}))


class KeywordTests(SynchronousTestCase):
    """What the published schema does not happen to show."""

    def problem(self, schema: object, value: object) -> str | None:
        return problems_of(compile_schema(schema), value)

    def test_each(self) -> None:
        """One broken value per keyword."""
        for schema, value, problem in (
            ({"type": "integer"}, True, "must be integer"),
            ({"type": "integer"}, 1.5, "must be integer"),
            ({"type": ["string", "null"]}, 1, "must be either string or null"),
            ({"enum": ["a"]}, "b", "must be equal to one of the allowed values"),
            ({"const": 1}, True, "must be equal to constant"),
            ({"pattern": "^a"}, "b", 'must match pattern "^a"'),
            ({"type": "array", "items": {"type": "string"}}, ["a", 1], "at /1: must be string"),
            ({"contains": {"const": 1}}, [2], "must contain at least 1 valid item(s)"),
            ({"uniqueItems": True}, [{"a": 1}, {"a": 1}], "must not have duplicate items"),
            ({"maxLength": 1}, "ab", "must not have more than 1 characters"),
            ({"minItems": 1}, [], "must not have fewer than 1 items"),
            ({"maxProperties": 0}, {"a": 1}, "must not have more than 0 properties"),
            ({"not": {"required": ["a"]}}, {"a": 1}, "must not be valid"),
            ({"oneOf": [{"type": "string"}, {"minLength": 0}]}, "a", "must match exactly one schema in oneOf"),
            (
                {"anyOf": [{"const": "a"}, {"const": "b"}]},
                "c",
                "must be equal to constant; must match a schema in anyOf",
            ),
            ({"patternProperties": {"^.*$": {"type": "boolean"}}}, {"x": 1}, "at /x: must be boolean"),
            ({"additionalProperties": {"type": "string"}}, {"x": 1}, "at /x: must be string"),
        ):
            self.assertEqual(self.problem(schema, value), problem, schema)

    def test_integers_of_javascript(self) -> None:
        """1.0 is an integer there."""
        self.assertIsNone(self.problem({"type": "integer"}, 1.0))

    def test_unknown_keyword(self) -> None:
        """Fails at compile time rather than check nothing."""
        self.assertRaises(ValueError, compile_schema, {"minContains": 1})
