"""Study files as careless and hostile people write them, and the code of what each must give; "" where it is right."""

OK = 'title = "t"\n[data]\nsource = "phantom"\n[[arm]]\nname = "a"\n'
HUGE = 2**70


def two(first, second):
    """Return a study with two arms of these names."""
    return OK.replace('"a"', f'"{first}"') + f'[[arm]]\nname = "{second}"\n'


def pattern(text):
    """Return a study that tells patients by this pattern."""
    rule = f'"folder"\npath = "x"\ngroup = {{ from = "name", pattern = \'{text}\' }}'
    return OK.replace('"phantom"', rule)


SYNTAX, INVALID = "STUDY_SYNTAX", "STUDY_INVALID"
STUDIES = {
    "a right one": (OK, ""),
    "a mark of Windows' editors": (b"\xef\xbb\xbf" + OK.encode(), ""),
    "lines of Windows": (OK.replace("\n", "\r\n"), ""),
    "UTF-16": (OK.encode("utf-16"), SYNTAX),
    "Latin-1": (OK.replace('"t"', '"é"').encode("latin1"), SYNTAX),
    "a zero byte": (OK + "\0", SYNTAX),
    "half a surrogate": (OK.replace('"t"', '"\\ud800"'), SYNTAX),
    "nothing": ("", INVALID),
    "no TOML": ("<html>", SYNTAX),
    "a table twice": (OK + "[data]\n", SYNTAX),
    "lists without end": ("x = " + "[" * 100_000, SYNTAX),
    "deep lists": ("x = " + "[" * 5_000 + "]" * 5_000, SYNTAX),
    "deep tables": ("x = " + "{a = " * 3_000 + "1" + "}" * 3_000, SYNTAX),
    "a deep key": (".".join(["a"] * 20_000) + " = 1", SYNTAX),
    "a deep heading": ("[" + ".".join(["a"] * 20_000) + "]\n", SYNTAX),
    "deep facts": (OK.replace("[[arm]]", "facts = { a = " + "[" * 200 + "]" * 200 + " }\n[[arm]]"), INVALID),
    "a deep model": (OK + "model = { name = " + "[" * 200 + "]" * 200 + " }\n", INVALID),
    "a number of 5,000 digits": ("x = " + "9" * 5_000, SYNTAX),
    "epochs of 400 digits": (OK + f"training = {{ epochs = {'9' * 400} }}", INVALID),
    "a seed of 2^70 of the split": (OK + f"[split]\nseed = {HUGE}\n", INVALID),
    "a seed of 2^70 of training": (OK + f"[training]\nseed = {HUGE}\n", INVALID),
    "a negative seed": (OK + "[training]\nseed = -1\n", INVALID),
    "2^70 seeds": (OK + f"[training]\nseeds = {HUGE}\n", INVALID),
    "a list with a seed of 2^70": (OK + f"[training]\nseeds = [1, {HUGE}]\n", INVALID),
    "a batch of 2^70": (OK + f"[training]\nbatch_size = {HUGE}\n", INVALID),
    "images of 2^70 pixels": (OK + f"[image]\nsize = [{HUGE}, 4]\n", INVALID),
    "2^70 folds": (OK + f"[split]\nfolds = {HUGE}\n", INVALID),
    "2^70 neighbours": (OK + f'balance = {{ method = "smote", k = {HUGE} }}\n', INVALID),
    "2^70 patients": (OK.replace("[[arm]]", f"[data.phantom]\npatients = {HUGE}\n[[arm]]"), INVALID),
    "a test part of nan": (OK + "[split]\ntest = nan\n", INVALID),
    "a test part of inf": (OK + "[split]\ntest = inf\n", INVALID),
    "a learning rate of inf": (OK + "[training]\nlearning_rate = inf\n", INVALID),
    "a learning rate of nan": (OK + "training = { learning_rate = nan }\n", INVALID),
    "a published nan": (OK + '[[published]]\narm = "a"\naccuracy = nan\n', INVALID),
    "a published 1e400": (OK + '[[published]]\narm = "a"\naccuracy = 1e400\n', INVALID),
    "a published true": (OK + '[[published]]\narm = "a"\naccuracy = true\n', INVALID),
    "a published text": (OK + '[[published]]\narm = "a"\naccuracy = { x = "a" }\n', INVALID),
    "a date as the title": (OK.replace('"t"', "2020-01-01"), INVALID),
    "a date as a name": (OK.replace('"a"', "2020-01-01"), INVALID),
    "a time as epochs": (OK + "[training]\nepochs = 07:32:00\n", INVALID),
    "true as epochs": (OK + "[training]\nepochs = true\n", INVALID),
    "an empty name": (OK.replace('"a"', '""'), INVALID),
    "a name of 5,000 letters": (OK.replace('"a"', f'"{"n" * 5_000}"'), INVALID),
    "a name of 80 letters": (OK.replace('"a"', f'"{"n" * 80}"'), ""),
    "one arm as a table": (OK.replace("[[arm]]", "[arm]"), INVALID),
    "a text as arms": ('title = "t"\narm = "x"\n[data]\nsource = "phantom"\n', INVALID),
    "a list as data": ('title = "t"\ndata = [1]\n[[arm]]\nname = "a"\n', INVALID),
    "a number as a model": (OK + "[model]\nname = 3\n", INVALID),
    "a list as a model": (OK + '[model]\nname = ["a"]\n', INVALID),
    "a list as balance": (OK + 'balance = ["x"]\n', INVALID),
    "a number as a method": (OK + "balance = { method = 3 }\n", INVALID),
    "a list as the source": (OK.replace('"phantom"', '["x"]'), INVALID),
    "a table as the source": (OK.replace('"phantom"', "{ a = 1 }"), INVALID),
    "a number as an external source": (OK + '[[external]]\nname = "x"\nsource = 3\n', INVALID),
    "one external set as a table": (OK + '[external]\nname = "x"\n', INVALID),
    "a number as a class": (OK.replace("[[arm]]", "classes = { a = 1 }\n[[arm]]"), INVALID),
    "an open bracket": (pattern("("), INVALID),
    "a class backwards": (pattern("[z-a]"), INVALID),
    "99,999 times": (pattern("a{99999}"), INVALID),
    "a million times": (pattern("(a{1000}){1000}"), INVALID),
    "a look ahead": (pattern("(?=x)"), INVALID),
    "a back reference": (pattern(r"(a)\1"), INVALID),
    "half a surrogate in a pattern": (pattern(r"\ud800"), INVALID),
    "a right pattern": (pattern(r"(p\d+)_"), ""),
    "Chinese and Arabic": (two("中文", "بدون"), ""),
    "two Chinese names": (two("过采样", "无"), ""),
    "two Korean names": (two("중", "한"), ""),
    "two emoji": (two("😀", "😎"), ""),
    "dots": (two("..", "."), ""),
    "upper and lower case": (two("Abc", "aBC"), INVALID),
    "a blank and a dash": (two("a b", "a-b"), INVALID),
    "a dot at the end": (two("a.", "a"), INVALID),
    "a blank at the end": (two("a", "a "), INVALID),
    "an accent": (two("é", "e"), INVALID),
    "a ligature": (two("ﬁ", "fi"), INVALID),
    "a folder above": (two("../x", "x"), INVALID),
    "a name of a device": (two("CON", "x"), ""),
}  # fmt: skip
