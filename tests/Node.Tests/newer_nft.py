#!/usr/bin/env python3
"""newer_nft.py PROGRAM RECORDED ROOT... : the part of newer-nft.sh that runs inside a network namespace of its own.

PROGRAM is kube-proxy-sharp, RECORDED is tests/golden/recorded, each ROOT a folder with a Debian that has nft. What each
of these must make of the transactions is what the nft of this machine makes of them. Exit codes: 0 all held, 1 something
did not, 2 it could not be tried."""
import difflib
import json
import os
import subprocess
import sys

FAMILIES = {'ip': 'ipv4', 'ip6': 'ipv6'}
COLUMNS = ('loaded', 'same rules', 'listed', 'reloaded', 'deleted')
TABLE = 'kube-proxy'


class Failed(Exception):
    """A command was refused, or a table is not what it has to be."""


class Nft:
    """One nft: of this machine, or of a folder. All of them see the tables of this namespace."""

    def __init__(self, root=None):
        self.command = ['chroot', root, 'nft'] if root else ['nft']
        self.version = self.run('--version').split()[1].lstrip('v')

    def run(self, *arguments, script=None):
        done = subprocess.run([*self.command, *arguments], input=script, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f'{" ".join(self.command + list(arguments))}: exit {done.returncode}\n{done.stderr}')
        return done.stdout

    def load(self, script):
        self.run('-f', '-', script=script)

    def table(self, family):
        return canonical(json.loads(self.run('-j', 'list', 'table', family, TABLE)))

    def text(self, family):
        return self.run('list', 'table', family, TABLE)

    def delete(self, family):
        self.run('delete', 'table', family, TABLE)


def canonical(document):
    """The lines of a JSON listing, in an order of their own and without what only says which nft wrote it."""
    lines, positions = [], {}
    for item in document['nftables']:
        (kind, value), = item.items()
        if kind == 'metainfo':
            continue
        value = form(value)
        if kind == 'rule':
            position = positions[value['chain']] = positions.get(value['chain'], 0) + 1
            kind = f'rule {value["chain"]} {position:04}'
        elif kind in ('set', 'map'):
            # typeof is told since 1.0.8; before, the type that follows from it. The machine's own nft sees a wrong one.
            value.pop('type')
            if isinstance(value.get('map'), str):
                value['map'] = value['map'].split(' . ')
            lines += [f'elem {value["name"]} {dump(element)}' for element in value.pop('elem', [])]
        elif kind in ('table', 'chain'):
            value.pop('comment', None)  # not in the JSON of older versions
        lines.append(f'{kind} {dump(value)}')
    return sorted(lines)


def form(value):
    """Without handles; flags always as a list, and "dynamic" not among them, which older versions do not tell."""
    if isinstance(value, list):
        return [form(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {name: form(item) for name, item in value.items() if name != 'handle'}
    if 'flags' in value:
        flags = [value['flags']] if isinstance(value['flags'], str) else value['flags']
        value['flags'] = sorted(flag for flag in flags if flag != 'dynamic')
    return value


def dump(value):
    return json.dumps(value, sort_keys=True)


def expect(expected, actual):
    if expected != actual:
        raise Failed('differs\n' + '\n'.join(line for line in difflib.unified_diff(expected, actual, n=0, lineterm='') if line[:2] not in ('--', '++', '@@')))


class Renderer:
    """Runs dry-run for a recorded case or sequence as its case.json tells."""

    def __init__(self, program, directory):
        with open(os.path.join(directory, 'case.json'), encoding='utf-8') as file:
            case = json.load(file)
        self.command = [*program, 'dry-run', '--mode', 'nftables', '--config', os.path.join(directory, 'config.yaml'), '--node', case['nodeName']]
        for interface in case['interfaces']:
            for address in interface['addresses']:
                self.command += ['--node-address', address]

    def script(self, family, path, before=None):
        command = [*self.command, '--family', FAMILIES[family], '-f', os.path.join(path, 'objects.json')]
        if before:
            command += ['--diff-from', os.path.join(before, 'objects.json')]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


class Trial:
    """One script: the transactions that lead to a table, and what the table must be."""

    def __init__(self, name, family, transactions, table):
        self.name, self.family, self.transactions, self.table = name, family, transactions, table

    def run(self, nft, own):
        """The columns that held, and what the first one that did not hold says."""
        steps = (self.load, self.same_rules, self.listed, self.reloaded, self.deleted)
        held = 0
        try:
            for step in steps:
                step(nft, own)
                held += 1
            return held, None
        except (Failed, ValueError, KeyError) as problem:
            return held, str(problem)
        finally:
            subprocess.run(['nft', 'flush', 'ruleset'], check=True)

    def load(self, nft, _):
        for transaction in self.transactions:
            nft.load(transaction)

    def same_rules(self, _, own):
        expect(self.table, own.table(self.family))

    def listed(self, nft, _):
        expect(self.table, nft.table(self.family))

    def reloaded(self, nft, own):
        text = nft.text(self.family)
        nft.delete(self.family)
        nft.load(text)
        expect(self.table, own.table(self.family))

    def deleted(self, nft, own):
        nft.delete(self.family)
        expect('', own.run('list', 'tables'))


def make_trial(own, name, family, *transactions):
    """A trial that expects the table that this machine's nft makes of the transactions."""
    try:
        for transaction in transactions:
            own.load(transaction)
        return Trial(name, family, transactions, own.table(family))
    finally:
        own.run('flush', 'ruleset')


def clean_up(update):
    """The transaction that dry-run prints as remarks: chains that are deleted after the commit."""
    return ''.join(line[2:] + '\n' for line in update.splitlines() if line.startswith('# delete chain '))


def names(directory):
    return sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())


def case_trials(own, program, recorded, family):
    directory = os.path.join(recorded, 'cases')
    for name in names(directory):
        path = os.path.join(directory, name)
        yield make_trial(own, f'cases/{name}', family, Renderer(program, path).script(family, path))


def update_trials(own, program, recorded, family):
    """Each update on top of the full script of the step before: that is the table --diff-from takes as given."""
    directory = os.path.join(recorded, 'sequences')
    for name in names(directory):
        path = os.path.join(directory, name)
        renderer = Renderer(program, path)
        steps = [os.path.join(path, step) for step in names(path)]
        for before, step in zip(steps, steps[1:]):
            update = renderer.script(family, step, before)
            name_of_step = f'sequences/{name}/{os.path.basename(step)}'
            yield make_trial(own, name_of_step, family, renderer.script(family, before), update, clean_up(update))


def suite_name(root):
    with open(os.path.join(root, 'etc/os-release'), encoding='utf-8') as file:
        release = dict(line.rstrip().split('=', 1) for line in file if '=' in line)
    return release['PRETTY_NAME'].strip('"')


def main():
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    program, recorded, roots = sys.argv[1], sys.argv[2], sys.argv[3:]
    program = ['dotnet', program] if program.endswith('.dll') else [program]
    own = Nft()
    print('rendering', flush=True)
    groups = {}
    for family in FAMILIES:
        groups[f'cases, {family}'] = list(case_trials(own, program, recorded, family))
        groups[f'updates, {family}'] = list(update_trials(own, program, recorded, family))

    failures = 0
    for root in roots:
        nft = Nft(root)
        print(f'\nnft {nft.version} of {suite_name(root)}, compared with nft {own.version} of this machine; kernel {os.uname().release}')
        print(f'{"":<14}{"scripts":>9}' + ''.join(f'{column:>12}' for column in COLUMNS), flush=True)
        messages = []
        for group, trials in sorted(groups.items()):
            counts = [0] * len(COLUMNS)
            for trial in trials:
                held, problem = trial.run(nft, own)
                for column in range(held):
                    counts[column] += 1
                if problem is not None:
                    first = '\n'.join('    ' + line[:300] for line in problem.splitlines()[:8])
                    messages.append(f'{trial.name}, {trial.family}: not {COLUMNS[held]}\n{first}')
            print(f'{group:<14}{len(trials):>9}' + ''.join(f'{count:>12}' for count in counts), flush=True)
        print('\n'.join(messages), end='\n' if messages else '')
        failures += len(messages)
    print('\nall held' if failures == 0 else f'\n{failures} failed')
    return 0 if failures == 0 else 1


if __name__ == '__main__':
    try:
        sys.exit(main())
    except (Failed, OSError, subprocess.CalledProcessError) as unexpected:
        print(f'cannot try: {unexpected}', file=sys.stderr)
        sys.exit(2)
