"""Looks at the documents of deploy/: prints what is wrong, and exits with 1 then."""

import re
import sys

import yaml


def load(path):
    with open(path, encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document]


def paths(value, prefix):
    """The names of all fields, as in DaemonSet.spec.template.spec.containers[].name."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, f"{prefix}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from paths(item, prefix + "[]")
    else:
        yield prefix


def fields(rendered, known):
    """Every field is one that stands in the file of those looked up in the API's reference. In maps of
    free names, such as labels, a star stands for the name."""
    with open(known, encoding="utf-8") as file:
        patterns = [line.strip() for line in file if line.strip() and not line.startswith("#")]
    expression = re.compile("|".join(re.escape(p).replace(r"\*", ".*") for p in patterns))
    for document in load(rendered):
        for path in paths(document, document["kind"]):
            if not expression.fullmatch(path):
                yield f"no such field: {path}"


def of_kind(documents, kind):
    (document,) = [document for document in documents if document["kind"] == kind]
    return document


def agreement(rendered, installer, cmake):
    """What the documents, the installer and the project's version have in common."""
    documents = load(rendered)
    with open(installer, encoding="utf-8") as file:
        installer_text = file.read()
    with open(cmake, encoding="utf-8") as file:
        version = re.search(r"project\(gantry VERSION (\S+)", file.read()).group(1)

    def setting(name):
        return re.search(rf"^{name}=(\S+)$", installer_text, re.MULTILINE).group(1)

    runtime_class = of_kind(documents, "RuntimeClass")
    if runtime_class["handler"] != setting("HANDLER"):
        yield "the RuntimeClass names another handler than the installer waits for"
    if runtime_class["scheduling"]["nodeSelector"] != {setting("LABEL"): "true"}:
        yield "the RuntimeClass selects nodes by another label than the installer sets"

    daemon_set = of_kind(documents, "DaemonSet")
    pod = daemon_set["spec"]["template"]
    if daemon_set["spec"]["selector"]["matchLabels"] != pod["metadata"]["labels"]:
        yield "the DaemonSet does not select its own pods"
    (container,) = pod["spec"]["containers"]
    if container["image"] != f"gantry-installer:{version}":
        yield f"the installer's image is {container['image']}, and this is version {version}"
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    if mounts != {"host": "/host", "settings": "/etc/gantry-installer"}:
        yield f"the installer expects other mounts than {mounts}"
    probe = container["readinessProbe"]["exec"]["command"]
    if not re.search(rf"READY:-{re.escape(probe[-1])}}}", installer_text):
        yield "the readiness probe looks for another file than the installer makes"

    settings = of_kind(documents, "ConfigMap")
    volume = [v for v in pod["spec"]["volumes"] if v["name"] == "settings"][0]
    if volume["configMap"]["name"] != settings["metadata"]["name"]:
        yield "the settings that are mounted are not those of settings.yaml"

    account = of_kind(documents, "ServiceAccount")["metadata"]
    (subject,) = of_kind(documents, "ClusterRoleBinding")["subjects"]
    if (subject["name"], subject["namespace"]) != (account["name"], account["namespace"]):
        yield "the role is bound to another account"
    if pod["spec"]["serviceAccountName"] != account["name"]:
        yield "the installer runs with another account"
    rules = of_kind(documents, "ClusterRole")["rules"]
    if rules != [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "patch"]}]:
        yield f"the role allows other things than the installer needs: {rules}"


def github_jobs(document):
    # YAML 1.1 takes the word "on" for true.
    assert set(document) <= {"name", True, "permissions", "jobs"} and document[True]
    for job in document["jobs"].values():
        assert set(job) <= {"runs-on", "timeout-minutes", "env", "steps"} and "-arm" in job["runs-on"]
        for step in job["steps"]:
            assert set(step) in ({"uses"}, {"name", "run"})
        yield job["env"], [step["run"] for step in job["steps"] if "run" in step]


def gitlab_jobs(document):
    for job in document.values():
        assert set(job) <= {"tags", "timeout", "variables", "before_script", "script"} and job["tags"]
        yield job["variables"], job["before_script"] + job["script"]


def buildkite_jobs(document):
    assert set(document) == {"env", "steps"}
    for step in document["steps"]:
        assert set(step) <= {"label", "key", "agents", "timeout_in_minutes", "commands"}
        assert step["agents"]["arch"] == "arm64"
        # "$$" is a dollar sign that Buildkite leaves to the shell.
        yield document["env"], [command.replace("$$", "$") for command in step["commands"]]


def script(name, path):
    """Prints the jobs of an example for a CI service as one shell script, as the service runs it."""
    jobs = {"github": github_jobs, "gitlab": gitlab_jobs, "buildkite": buildkite_jobs}[name]
    (document,) = load(path)
    print("set -e")
    for variables, commands in jobs(document):
        for key, value in variables.items():
            # What the service fills in is in the environment.
            if "${{" not in value:
                print(f'export {key}="${{{key}:-{value}}}"')
        print("\n".join(commands))
    return []


def main():
    check = {"fields": fields, "agreement": agreement, "script": script}[sys.argv[1]]
    problems = list(check(*sys.argv[2:]))
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


main()
