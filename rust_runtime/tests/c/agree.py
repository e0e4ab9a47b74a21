"""agree.py FOLDER LIBRARY: include/cerebellum.h and src/ffi.rs say the same; the library has these functions alone.

The types of every function, the fields of every struct, the numbers of every status, the versions, the symbols.
"""

import re
import subprocess
import sys
from pathlib import Path

TYPES = {
    "char": "c_char",
    "uint8_t": "u8",
    "uint32_t": "u32",
    "int32_t": "i32",
    "size_t": "usize",
    "double": "f64",
    "cerebellum_status": "i32",
    "cerebellum_outcome": "i32",
    "cerebellum_model": "MicroModel",
    "cerebellum_scratch": "Scratch",
}


def rust_type(c: str) -> str:
    """A C declarator's type as Rust writes it: `const char *` is `*const c_char`."""
    words = re.findall(r"\w+|\*", c)
    const = words[0] == "const"
    words = words[const:]
    out = TYPES.get(words[0], words[0])
    for i in range(len(words) - 1):
        out = f"*{'const' if const and i == 0 else 'mut'} {out}"
    return out


def declaration(c: str) -> tuple[str, str]:
    """Name and Rust type of `const char *text`."""
    name = re.search(r"\w+$", c.strip())[0]
    return name, rust_type(c.strip()[: -len(name)])


def of_header(text: str) -> dict[str, object]:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    found: dict[str, object] = {}
    for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\}", text, flags=re.S):
        found[f"struct {name}"] = [declaration(field) for field in body.split(";") if field.strip()]
    text = re.sub(r"typedef struct \w+ \{.*?\} \w+;", "", text, flags=re.S)
    for result, name, arguments in re.findall(r"^(\w[\w ]*?[ *]+)(cerebellum_\w+)\(([^)]*)\);", text, flags=re.M):
        parts = [] if arguments.strip() == "void" else arguments.split(",")
        result = result.strip()
        found[f"fn {name}"] = ([declaration(part)[1] for part in parts], "" if result == "void" else rust_type(result))
    for name, number in re.findall(r"CEREBELLUM_(\w+) = (\d+)", text):
        if name not in ("ACCEPTED", "ABSTAINED", "REFLEX"):
            found[f"status {number}"] = name.replace("_", "").lower()
    found["version"] = re.search(r'CEREBELLUM_VERSION "(.*)"', text)[1]
    return found


def of_rust(text: str, manifest: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, body in re.findall(r"#\[repr\(C\)\](?:\n#\[[^\n]*\])?\npub struct (\w+) \{(.*?)\n\}", text, flags=re.S):
        found[f"struct {name}"] = re.findall(r"(\w+): ([^,]+),", body)
    pattern = r'pub (?:unsafe )?extern "C" fn (\w+)\((.*?)\)(?: -> ([^{]*?))? \{'
    for name, arguments, result in re.findall(pattern, text, flags=re.S):
        found[f"fn {name}"] = (re.findall(r": ([^,\n]+)", arguments), result)
    constants = dict(re.findall(r"const (\w+): i32 = (\d+);", text))
    for number, name in re.findall(r'\((\w+), b"(\w+)\\0"\)', text):
        found[f"status {constants.get(number, number)}"] = name.lower()
    found["version"] = re.search(r'^version = "(.*)"', manifest, flags=re.M)[1]
    return found


def main() -> int:
    folder, library = Path(sys.argv[1]), sys.argv[2]
    header = of_header((folder / "include/cerebellum.h").read_text("utf-8"))
    sources = [(folder / "src" / name).read_text("utf-8") for name in ("ffi.rs", "ffi/failure.rs")]
    rust = of_rust("".join(sources), (folder / "Cargo.toml").read_text("utf-8"))
    wrong = [
        f"{name}: header {header.get(name)}, ffi.rs {rust.get(name)}"
        for name in sorted(header.keys() | rust.keys())
        if header.get(name) != rust.get(name)
    ]
    if f'version = "{header["version"]}"' not in (folder / "capi/Cargo.toml").read_text("utf-8"):
        wrong.append(f"capi/Cargo.toml: not version {header['version']}")
    symbols = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    exported = {line.split()[-1].split("@")[0] for line in symbols.splitlines() if line}
    declared = {name[3:] for name in header if name.startswith("fn ")}
    wrong += [f"{name}: exported, not declared" for name in sorted(exported - declared)]
    wrong += [f"{name}: declared, not exported" for name in sorted(declared - exported)]
    print("\n".join(wrong) or f"{len(declared)} functions, {len(header)} declarations agree")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
