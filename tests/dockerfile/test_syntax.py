"""Text to instructions."""

from __future__ import annotations

from stagebuild.dockerfile import (
    Add,
    Arg,
    Cmd,
    Copy,
    Env,
    Expose,
    From,
    Healthcheck,
    Instruction,
    LineRange,
    OnBuild,
    Run,
    find_syntax,
    parse,
    read_trigger,
)


def only(text: str) -> Instruction:
    """Return the one instruction after ``FROM a``."""
    (stage,) = parse(f"FROM a\n{text}").stages
    (instruction,) = stage.instructions
    return instruction


def test_an_instruction_knows_its_lines_with_continuations_and_comments() -> None:
    instruction = only("RUN a \\\n  # why\n\n  && b\n# after\n")

    assert instruction.lines == LineRange(2, 5)
    assert instruction.text == "RUN a   && b"
    assert instruction.statement.blank_lines == (4,)


def test_a_heredoc_belongs_to_the_lines_of_its_instruction() -> None:
    tree = parse("FROM a\nCOPY <<X /x\nRUN no\nX\nRUN yes\n")

    assert [i.lines for i in tree.stages[0].instructions] == [LineRange(2, 4), LineRange(5, 5)]


def test_the_stage_spans_from_its_from_to_its_last_instruction() -> None:
    tree = parse("FROM a\n\nRUN x\n\nFROM b\n")

    assert [stage.lines for stage in tree.stages] == [LineRange(1, 3), LineRange(5, 5)]


def test_a_keyword_is_known_in_any_case_and_keeps_its_spelling() -> None:
    instruction = only("rUn true\n")

    assert (instruction.keyword, instruction.statement.spelling) == ("RUN", "rUn")


def test_comments_above_an_instruction_are_kept_and_an_empty_one_discards_them() -> None:
    assert only("# a\n# b\n\nRUN x\n").statement.comments == ("a", "b")
    assert only("# a\n#\n# b\nRUN x\n").statement.comments == ("b",)


def test_the_comment_that_starts_with_the_name_describes_a_stage_and_an_arg() -> None:
    tree = parse("# A the first\n# B the second\nARG A B\n# app runs\nFROM a AS app\n")

    (arg,) = tree.global_args
    assert [d.description for d in arg.declarations] == ["the first", "the second"]
    assert tree.stages[0].opening.description == "runs"


def test_exec_form_and_shell_form_are_told_apart() -> None:
    exec_form, shell_form = only('CMD ["a", "b c"]\n'), only("CMD [a, b c]\n")

    assert isinstance(exec_form, Cmd)
    assert isinstance(shell_form, Cmd)
    assert (exec_form.command, exec_form.is_exec_form) == (("a", "b c"), True)
    assert (shell_form.command, shell_form.is_exec_form) == (("[a, b c]",), False)


def test_what_follows_an_array_makes_it_a_shell_line() -> None:
    instruction = only('RUN ["a"] && b\n')

    assert isinstance(instruction, Run)
    assert instruction.command == ('["a"] && b',)


def test_the_flags_of_copy() -> None:
    instruction = only(
        "COPY --from=b --chown=1:2 --chmod=644 --link --parents "
        "--exclude=*.a --exclude=*.b x y /z/\n"
    )

    assert isinstance(instruction, Copy)
    assert instruction.from_ == "b"
    assert (instruction.chown, instruction.chmod) == ("1:2", "644")
    assert instruction.is_linked
    assert instruction.keeps_parents
    assert instruction.excludes == ("*.a", "*.b")
    assert (instruction.sources, instruction.destination) == (("x", "y"), "/z/")


def test_the_flags_of_add() -> None:
    instruction = only("ADD --checksum=sha256:x --keep-git-dir --unpack=false https://a/b /c\n")

    assert isinstance(instruction, Add)
    assert instruction.checksum == "sha256:x"
    assert instruction.keeps_git_dir is True
    assert instruction.unpacks is False


def test_the_flags_of_run() -> None:
    instruction = only(
        "RUN --mount=type=cache,target=/c --mount=from=b,target=/b --network=none "
        "--security=insecure --device=vendor.com/gpu=all,required true\n"
    )

    assert isinstance(instruction, Run)
    assert instruction.mount_sources == (None, "b")
    assert (instruction.network, instruction.security) == ("none", "insecure")
    assert [(d.name, d.required) for d in instruction.devices] == [("vendor.com/gpu=all", True)]
    assert instruction.command == ("true",)


def test_the_times_of_a_healthcheck_are_seconds() -> None:
    instruction = only("HEALTHCHECK --interval=1m30s --timeout=1.5s --retries=3 CMD x\n")

    assert isinstance(instruction, Healthcheck)
    assert (instruction.interval_s, instruction.timeout_s, instruction.retries) == (90.0, 1.5, 3)


def test_env_takes_pairs_and_the_old_form() -> None:
    pairs, old = only("ENV A=1 B='x y'\n"), only("ENV A x  y\n")

    assert isinstance(pairs, Env)
    assert isinstance(old, Env)
    assert [(p.name, p.value, p.is_legacy) for p in pairs.pairs] == [
        ("A", "1", False),
        ("B", "'x y'", False),
    ]
    assert [(p.name, p.value, p.is_legacy) for p in old.pairs] == [("A", "x  y", True)]


def test_an_arg_without_a_default_differs_from_one_with_an_empty_default() -> None:
    instruction = only("ARG A B= C=x\n")

    assert isinstance(instruction, Arg)
    assert [d.default for d in instruction.declarations] == [None, "", "x"]


def test_ports_are_sorted() -> None:
    instruction = only("EXPOSE 90 80/udp\n")

    assert isinstance(instruction, Expose)
    assert instruction.ports == ("80/udp", "90")


def test_a_stage_name_is_lower_cased() -> None:
    (stage,) = parse("FROM a AS Build\n").stages

    assert stage.name == "build"


def test_heredocs_know_their_name_and_whether_they_expand() -> None:
    instruction = only("RUN cat <<A 3<<-'B' <<\"C\"\na\nA\n\tb\n\tB\nC\n")

    assert [
        (h.name, h.descriptor, h.expands, h.strips_tabs, h.body)
        for h in instruction.statement.heredocs
    ] == [
        ("A", 0, True, False, "a\n"),
        ("B", 3, False, True, "\tb\n"),
        ("C", 0, False, False, ""),
    ]


def test_heredocs_of_copy_are_documents() -> None:
    instruction = only("COPY <<a.txt <<-'b.txt' c /d/\nA\na.txt\n\tB\nb.txt\n")

    assert isinstance(instruction, Copy)
    assert [(d.name, d.text, d.expands) for d in instruction.documents] == [
        ("a.txt", "A\n", True),
        ("b.txt", "B\n", False),
    ]
    assert instruction.sources == ("c",)


def test_the_script_of_a_run_is_the_heredoc_that_is_all_of_it() -> None:
    whole, part = only("RUN <<-E\n\ta\nE\n"), only("RUN sh <<E\na\nE\n")

    assert isinstance(whole, Run)
    assert isinstance(part, Run)
    assert whole.script == "a\n"
    assert part.script == "sh <<E\na\nE"


def test_onbuild_keeps_its_instruction_for_later() -> None:
    instruction = only("onbuild  run cat <<E\nx\nE\n")

    assert isinstance(instruction, OnBuild)
    assert instruction.trigger_keyword == "RUN"
    assert instruction.expression == "run cat <<E\nx\nE"
    trigger = read_trigger(instruction.expression, lines=LineRange(9, 9), path="Dockerfile")
    assert isinstance(trigger, Run)
    assert trigger.line == 9


def test_an_escape_directive_changes_continuations_and_escapes() -> None:
    tree = parse("# escape=`\nFROM a\nRUN x `\n y\nCOPY a C:\\\n")

    assert tree.escape == "`"
    assert [i.keyword for i in tree.stages[0].instructions] == ["RUN", "COPY"]


def test_a_directive_after_anything_else_is_a_comment() -> None:
    for head in ("# a comment\n", "\n", "# unknown=1\n"):
        assert parse(f"{head}# escape=`\nFROM a\n").escape == "\\"


def test_directives_are_known_in_any_case_and_with_spaces() -> None:
    tree = parse("#Syntax = docker/dockerfile:1 \n#  ESCAPE=`\n# check=skip=all\nFROM a\n")

    assert [(d.name, d.value, d.line) for d in tree.directives] == [
        ("syntax", "docker/dockerfile:1", 1),
        ("escape", "`", 2),
        ("check", "skip=all", 3),
    ]
    assert tree.syntax is not None
    assert tree.check is not None


def test_the_frontend_is_found_where_the_parser_does_not_look() -> None:
    found = [
        find_syntax(text)
        for text in (
            "#!/usr/bin/x\n# syntax=a\nFROM b\n",
            "// syntax=a\n{}\n",
            '{"syntax": "a"}',
            "\ufeff# syntax=a\n",
        )
    ]

    assert [directive and (directive.value, directive.line) for directive in found] == [
        ("a", 2),
        ("a", 1),
        ("a", 1),
        ("a", 1),
    ]
    assert parse("#!/usr/bin/x\n# escape=`\nFROM b\n").escape == "\\"
    assert find_syntax("  # syntax=a\nFROM b\n") is None


def test_line_ends_of_windows_and_a_byte_order_mark_do_not_matter() -> None:
    tree = parse(b"\xef\xbb\xbfFROM a\r\nRUN x \\\r\n  y\r\n")

    assert [i.text for i in tree.instructions] == ["FROM a", "RUN x   y"]


def test_global_args_stand_before_the_first_stage() -> None:
    tree = parse("ARG A=1\nFROM a\nARG B\n")

    assert [i.line for i in tree.global_args] == [1]
    assert [i.keyword for i in tree.instructions] == ["ARG", "FROM", "ARG"]
    assert isinstance(tree.instructions[1], From)


def test_quotes_and_escapes_disappear_from_flags() -> None:
    instruction = only('COPY --chown="a b" --exclude=\\"x\\" y /z\n')

    assert instruction.statement.flags == ("--chown=a b", '--exclude="x"')


def test_a_constant_that_only_python_knows_is_no_json() -> None:
    instruction = only("CMD [NaN]\n")

    assert isinstance(instruction, Cmd)
    assert instruction.command == ("[NaN]",)
