# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
The launch files and their configuration.

The first part reads the files and needs no launch. The second runs them with launch, against
executables that only write down how they were started. The last starts the real node.
"""

import ast
from collections.abc import Iterator
import configparser
import itertools
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
import yaml

from face_affect.core.parameters import declarations, from_values, ParameterGroup, to_values
from face_affect.ros.parameters import BridgeParameters, CameraParameters, NodeParameters

ROOT = Path(__file__).resolve().parents[2]
LAUNCH_FILES = sorted((ROOT / 'launch').glob('*.launch.py'))
PARAMETER_FILES = ['face_affect.yaml', 'care_o_bot.yaml']
SHARED = {'namespace', 'params_file', 'debug'}
START = {'use_sim_time', 'autostart'}
# The arguments that a launch file declares itself
ARGUMENTS: dict[str, set[str]] = {
    'face_affect.launch.py': {'image', 'camera_info', 'depth_image'},
    'replay.launch.py': {'bag', 'topic', 'rate', 'loop', 'image_transport'},
    'camera.launch.py': {'namespace'},
    'fastdds_profile.launch.py': set(),
    'ros4hri_bridge.launch.py': {'faces', 'image', 'namespace'},
    'care_o_bot.launch.py': {'camera', 'image', 'image_transport'},
}


def names_of(group: type[ParameterGroup]) -> set[str]:
    return {declaration.name for declaration in declarations(group)}


# Shared arguments, and those generated from parameter declarations
GENERATED: dict[str, set[str]] = {
    'face_affect.launch.py': SHARED | START | names_of(NodeParameters),
    'replay.launch.py': SHARED,
    'camera.launch.py': names_of(CameraParameters),
    'fastdds_profile.launch.py': set(),
    'ros4hri_bridge.launch.py': names_of(BridgeParameters),
    'care_o_bot.launch.py': SHARED | START,
}
FASTDDS_VARIABLES = ['FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE']
# Generous, for a busy machine: the node loads its models before it is active.
START_SECONDS = 60.0
END_SECONDS = 20.0

RECORDER = '''#!{python}
"""Record the arguments, parameter files and environment of this process."""
import json, os, signal, sys

name = os.path.basename(sys.argv[0])
files = [sys.argv[i + 1] for i, word in enumerate(sys.argv) if word == '--params-file']
record = {{
    'arguments': sys.argv[1:],
    'parameter_files': [open(path).read() for path in files],
    'environment': dict(os.environ),
}}
with open(os.path.join(os.environ['RECORD_FOLDER'], name + '.json'), 'w') as stream:
    json.dump(record, stream)
if name in os.environ.get('RECORD_STAYS', '').split():
    signal.sigwait([signal.SIGINT, signal.SIGTERM])
sys.exit(int(os.environ.get('RECORD_EXIT_CODE', '0')))
'''


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Find the calls of the functions or classes of these names."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in names
        ):
            yield node


def constants(call: ast.Call) -> dict[str, Any]:
    """Return the keyword arguments of a call that are plain values."""
    return {
        keyword.arg: keyword.value.value
        for keyword in call.keywords
        if keyword.arg is not None and isinstance(keyword.value, ast.Constant)
    }


def parameters_of(text: str) -> dict[str, Any]:
    """Return the node's parameters in a parameter file."""
    parameters: dict[str, Any] = {}
    for section in (yaml.safe_load(text) or {}).values():
        parameters.update(section['ros__parameters'])
    return parameters


@pytest.fixture(params=LAUNCH_FILES, ids=lambda path: path.name)
def tree(request: pytest.FixtureRequest) -> ast.Module:
    """Return the syntax tree of a launch file."""
    return ast.parse(request.param.read_text(), filename=str(request.param))


@pytest.fixture
def console_scripts() -> set[str]:
    """Return the names of the executables that the package installs."""
    setup = configparser.ConfigParser()
    assert setup.read(ROOT / 'setup.cfg'), 'there is no setup.cfg'
    lines = setup['options.entry_points']['console_scripts'].split('\n')
    return {line.split('=')[0].strip() for line in lines if line.strip()}


def test_every_launch_file_is_tested() -> None:
    assert {path.name for path in LAUNCH_FILES} == set(ARGUMENTS)


def test_compiles(tree: ast.Module) -> None:
    compile(tree, 'launch file', 'exec')


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
def test_declares_its_arguments_with_descriptions(path: Path) -> None:
    declared = {}
    for call in calls(ast.parse(path.read_text()), 'DeclareLaunchArgument'):
        assert isinstance(call.args[0], ast.Constant)
        declared[call.args[0].value] = {keyword.arg for keyword in call.keywords}
    assert set(declared) == ARGUMENTS[path.name]
    for name, keywords in declared.items():
        assert 'description' in keywords, name
        assert ('default_value' in keywords) == (name != 'bag'), name


def test_starts_only_installed_executables(
    tree: ast.Module,
    console_scripts: set[str],
) -> None:
    for call in calls(tree, 'Node', 'LifecycleNode', 'ExecutableInPackage'):
        started = constants(call)
        assert {'package', 'executable'} <= set(started), 'started by a computed name'
        if started['package'] == 'face_affect':
            assert started['executable'] in console_scripts


def test_referenced_files_exist(tree: ast.Module) -> None:
    named = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and '\n' not in node.value
        and ' ' not in node.value
    }
    for name in named:
        if name.endswith(('.yaml', '.xml')):
            assert (ROOT / 'config' / name).is_file(), name
        if name.endswith('.launch.py'):
            assert (ROOT / 'launch' / name).is_file(), name


@pytest.mark.parametrize('name', PARAMETER_FILES)
def test_parameter_file_names_known_parameters(name: str) -> None:
    said = parameters_of((ROOT / 'config' / name).read_text())
    known = {declaration.name for declaration in declarations(NodeParameters)}
    assert set(said) <= known
    assert to_values(from_values(NodeParameters, said)).items() >= said.items()


@pytest.fixture
def launched(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """Return a function that runs a launch file of this tree, with recording executables."""
    pytest.importorskip('launch_ros')
    prefix = tmp_path / 'prefix'
    index = prefix / 'share' / 'ament_index' / 'resource_index' / 'packages'
    executables = prefix / 'lib' / 'face_affect'
    share = prefix / 'share' / 'face_affect'
    for folder in (index, executables, share):
        folder.mkdir(parents=True)
    (index / 'face_affect').touch()
    for linked in ('launch', 'config'):
        (share / linked).symlink_to(ROOT / linked)
    for name in ('face_affect_node', 'face-affect', 'camera_node', 'ros4hri_bridge'):
        (executables / name).write_text(RECORDER.format(python=sys.executable))
        (executables / name).chmod(0o755)
    paths = [str(prefix), *os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)]
    monkeypatch.setenv('AMENT_PREFIX_PATH', os.pathsep.join(filter(None, paths)))
    # Use the modules of this tree, not those of an older build.
    monkeypatch.setenv('PYTHONPATH', f'{ROOT}{os.pathsep}{os.environ.get("PYTHONPATH", "")}')
    monkeypatch.setenv('RECORD_FOLDER', str(tmp_path))
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path / 'log'))
    for name in FASTDDS_VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def run(name: str, *arguments: str, **environment: str) -> tuple[str, dict[str, Any]]:
        result = subprocess.run(
            [sys.executable, __file__, str(ROOT / 'launch' / name), *arguments],
            env={**os.environ, **environment},
            timeout=END_SECONDS,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        run.exit_code = result.returncode  # type: ignore[attr-defined]
        records = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob('*.json')}
        return result.stdout, records

    yield run


def node_parameters(record: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a recorded node; as in rcl, later values win."""
    parameters: dict[str, Any] = {}
    files = iter(record['parameter_files'])
    for option, value in itertools.pairwise(record['arguments']):
        if option == '--params-file':
            parameters.update(parameters_of(next(files)))
        elif option == '-p':
            name, _, text = value.partition(':=')
            parameters[name] = yaml.safe_load(text)
    return parameters


@pytest.mark.parametrize('path', LAUNCH_FILES, ids=lambda path: path.name)
def test_description_offers_its_arguments(path: Path) -> None:
    pytest.importorskip('launch_ros')
    sources = pytest.importorskip('launch.launch_description_sources')
    description = sources.get_launch_description_from_python_launch_file(str(path))
    offered = {argument.name: argument for argument in description.get_launch_arguments()}
    assert set(offered) == ARGUMENTS[path.name] | GENERATED[path.name]
    if 'image_transport' in offered:
        assert offered['image_transport'].choices == ['', 'raw', 'compressed']


def test_node_starts_with_the_defaults(launched: Any) -> None:
    _, records = launched('face_affect.launch.py')
    node = records['face_affect_node']
    assert '__node:=face_affect' in node['arguments']
    assert 'image:=/camera/image_raw' in node['arguments']
    assert 'image/compressed:=/camera/image_raw/compressed' in node['arguments']
    assert '--log-level' not in node['arguments']
    assert node_parameters(node) == {'autostart': True}


def test_arguments_reach_the_node(launched: Any, tmp_path: Path) -> None:
    own = tmp_path / 'own.yaml'
    own.write_text('/**: {ros__parameters: {num_threads: 2, image_transport: raw}}')
    output, records = launched(
        'face_affect.launch.py',
        'image:=/cam/image/compressed',
        'image_transport:=compressed',
        'namespace:=robot/front',
        f'params_file:={own}',
        'use_sim_time:=true',
        'autostart:=false',
        'debug:=True',
        DISPLAY='',
        WAYLAND_DISPLAY='',
    )
    node = records['face_affect_node']
    assert '__ns:=/robot/front' in node['arguments']
    assert 'image/compressed:=/cam/image/compressed' in node['arguments']
    level = node['arguments'].index('--log-level')
    assert node['arguments'][level + 1] == 'robot.front.face_affect:=debug'
    assert node_parameters(node) == {
        'num_threads': 2,
        'image_transport': 'compressed',
        'use_sim_time': True,
        'autostart': False,
    }
    assert 'WARNING: no viewer for /robot/front/face_affect/debug_image' in output


def test_parameter_file_applies_without_arguments(
    launched: Any,
    tmp_path: Path,
) -> None:
    own = tmp_path / 'own.yaml'
    own.write_text('/**: {ros__parameters: {image_transport: compressed, use_sim_time: true}}')
    _, records = launched('face_affect.launch.py', f'params_file:={own}')
    assert node_parameters(records['face_affect_node']) == {
        'image_transport': 'compressed',
        'use_sim_time': True,
        'autostart': True,
    }


def test_camera_info_defaults_to_the_namespace_of_the_image(launched: Any) -> None:
    _, records = launched('face_affect.launch.py', 'image:=/cam/rgb/image_raw')
    node = records['face_affect_node']
    assert 'camera_info:=/cam/rgb/camera_info' in node['arguments']
    parameters = node_parameters(node)
    assert parameters == {'autostart': True}


def test_camera_info_and_depth_image_enable_localisation(launched: Any) -> None:
    _, records = launched(
        'face_affect.launch.py',
        'camera_info:=/cam/info',
        'depth_image:=/cam/aligned_depth_to_color/image_raw',
    )
    node = records['face_affect_node']
    assert 'camera_info:=/cam/info' in node['arguments']
    assert 'depth_image:=/cam/aligned_depth_to_color/image_raw' in node['arguments']
    parameters = node_parameters(node)
    assert parameters['publish_bearing'] and parameters['publish_position']


@pytest.mark.parametrize(
    'name, executable, parameter, value',
    [
        ('face_affect.launch.py', 'face_affect_node', 'forget_time', 5.0),
        ('face_affect.launch.py', 'face_affect_node', 'autostart', False),
        ('care_o_bot.launch.py', 'face_affect_node', 'image_transport', 'raw'),
        ('care_o_bot.launch.py', 'face_affect_node', 'smoothing_time', 0.25),
        ('care_o_bot.launch.py', 'face_affect_node', 'autostart', False),
        ('camera.launch.py', 'camera_node', 'rate', 5.0),
        ('camera.launch.py', 'camera_node', 'loop', True),
        ('ros4hri_bridge.launch.py', 'ros4hri_bridge', 'keep_time', 5.0),
    ],
)
def test_a_parameter_of_an_including_launch_file_takes_precedence(
    launched: Any, tmp_path: Path, name: str, executable: str, parameter: str, value: Any
) -> None:
    including = tmp_path / 'robot.launch.py'
    including.write_text(
        'from launch import LaunchDescription\n'
        'from launch.actions import IncludeLaunchDescription\n'
        'from launch_ros.actions import SetParameter\n'
        'def generate_launch_description():\n'
        f'    return LaunchDescription([SetParameter({parameter!r}, {value!r}),\n'
        f'        IncludeLaunchDescription({str(ROOT / "launch" / name)!r})])\n'
    )
    _, records = launched(str(including))
    assert node_parameters(records[executable])[parameter] == value


def test_autostart_of_a_parameter_file_of_the_user_applies(launched: Any, tmp_path: Path) -> None:
    own = tmp_path / 'own.yaml'
    own.write_text('/**: {ros__parameters: {autostart: false}}')
    for name in ('face_affect.launch.py', 'care_o_bot.launch.py'):
        _, records = launched(name, f'params_file:={own}')
        assert node_parameters(records['face_affect_node']) == {'autostart': False}
    _, records = launched('face_affect.launch.py', f'params_file:={own}', 'autostart:=true')
    assert node_parameters(records['face_affect_node']) == {'autostart': True}


@pytest.mark.parametrize('name', ['face_affect.launch.py', 'care_o_bot.launch.py'])
def test_every_parameter_is_an_argument(launched: Any, tmp_path: Path, name: str) -> None:
    own = tmp_path / 'own.yaml'
    own.write_text('/**: {ros__parameters: {max_rate: 1.0, confirm_frames: 1}}')
    _, records = launched(
        name,
        f'params_file:={own}',
        'max_rate:=5',
        'enable_gender:=False',
        'confirm_frames:=3',
        'emotion_model:=emotion_residual',
    )
    parameters = node_parameters(records['face_affect_node'])
    assert parameters == {
        'max_rate': 5.0,
        'enable_gender': False,
        'confirm_frames': 3,
        'emotion_model': 'emotion_residual',
        'autostart': True,
    }
    assert isinstance(parameters['max_rate'], float)


@pytest.mark.parametrize(
    'given, reason',
    [
        ('max_rate:=fast', "max_rate is 'fast', but must be of type float"),
        ('max_rate:=-5', 'max_rate is -5.0, but must be from 0 to 1000'),
        ('max_rat:=5.0', "no argument 'max_rat'; did you mean 'max_rate'?"),
        ('qwertz:=1', "no argument 'qwertz'; --show-args lists all"),
        (
            'image_transport:=raw image:=/cam/compressed',
            'image is /cam/compressed, the topic of compressed images, but image_transport is raw',
        ),
    ],
)
def test_wrong_arguments_are_refused(launched: Any, given: str, reason: str) -> None:
    output, records = launched('face_affect.launch.py', *given.split())
    assert reason in output
    assert launched.exit_code == 1
    assert records == {}


def test_compressed_topic_means_compressed_transport(launched: Any) -> None:
    _, records = launched('face_affect.launch.py', 'image:=/cam/image/compressed')
    node = records['face_affect_node']
    assert 'image/compressed:=/cam/image/compressed' in node['arguments']
    assert node_parameters(node) == {'autostart': True, 'image_transport': 'compressed'}


@pytest.mark.parametrize(
    'namespace, logger', [('front', 'robot.front.face_affect'), ('/front', 'front.face_affect')]
)
def test_debug_names_the_logger_below_a_pushed_namespace(
    launched: Any, tmp_path: Path, namespace: str, logger: str
) -> None:
    including = tmp_path / 'robot.launch.py'
    including.write_text(
        'from launch import LaunchDescription\n'
        'from launch.actions import IncludeLaunchDescription\n'
        'from launch_ros.actions import PushRosNamespace\n'
        'def generate_launch_description():\n'
        "    return LaunchDescription([PushRosNamespace('robot'),\n"
        f'        IncludeLaunchDescription({str(ROOT / "launch" / "face_affect.launch.py")!r},\n'
        f"            launch_arguments=[('namespace', {namespace!r}), ('debug', 'true')])])\n"
    )
    output, records = launched(str(including), 'own_argument:=1', DISPLAY='', WAYLAND_DISPLAY='')
    arguments = records['face_affect_node']['arguments']
    topic = f'/{logger.replace(".", "/")}/debug_image'
    assert arguments[arguments.index('--log-level') + 1] == f'{logger}:=debug'
    assert f'__ns:={topic.removesuffix("/face_affect/debug_image")}' in arguments
    assert f'no viewer for {topic}:' in output


def test_unknown_choice_is_refused(launched: Any) -> None:
    output, records = launched('face_affect.launch.py', 'image_transport:=theora')
    assert 'theora' in output
    assert records == {}


@pytest.mark.parametrize(
    'distro, variable',
    [
        ('humble', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
        ('jazzy', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
        ('kilted', 'FASTDDS_DEFAULT_PROFILES_FILE'),
        ('lyrical', 'FASTDDS_DEFAULT_PROFILES_FILE'),
        ('rolling', 'FASTDDS_DEFAULT_PROFILES_FILE'),
    ],
)
def test_shared_memory_profile(launched: Any, distro: str, variable: str) -> None:
    _, records = launched('face_affect.launch.py', ROS_DISTRO=distro)
    environment = records['face_affect_node']['environment']
    profiles = {name: environment[name] for name in FASTDDS_VARIABLES if name in environment}
    assert set(profiles) == {variable}
    assert profiles[variable].endswith('/share/face_affect/config/fastdds_shm.xml')


@pytest.mark.parametrize('variable', FASTDDS_VARIABLES)
def test_a_fastdds_profile_of_the_user_is_kept(launched: Any, variable: str) -> None:
    _, records = launched('face_affect.launch.py', **{variable: '/own/profile.xml'})
    environment = records['face_affect_node']['environment']
    profiles = {name: environment[name] for name in FASTDDS_VARIABLES if name in environment}
    assert profiles == {variable: '/own/profile.xml'}


@pytest.mark.parametrize(
    'arguments, image, transport',
    [
        ([], '/camera/image_raw', 'compressed'),
        (['topic:=/cam/image'], '/cam/image', 'raw'),
        (['topic:=/cam/image', 'image_transport:=compressed'], '/cam/image', 'compressed'),
    ],
)
def test_replay_plays_the_bag_and_ends(
    launched: Any,
    arguments: list[str],
    image: str,
    transport: str,
) -> None:
    output, records = launched(
        'replay.launch.py', 'bag:=/some/bag', *arguments, RECORD_STAYS='face_affect_node'
    )
    player, node = records['face-affect'], records['face_affect_node']
    assert player['arguments'] == [
        'play',
        '/some/bag',
        '--clock',
        '--wait-for-subscriber',
        '30',
        '--image',
        image + ('/compressed' if transport == 'compressed' else ''),
        '--rate',
        '1.0',
    ]
    assert any(
        player['environment'].get(name, '').endswith('/config/fastdds_shm.xml')
        for name in FASTDDS_VARIABLES
    )
    assert f'image:={image}' in node['arguments']
    parameters = node_parameters(node)
    assert parameters['image_transport'] == transport
    assert parameters['use_sim_time'] is True
    assert parameters['autostart'] is True
    assert 'the bag has been played' in output
    assert launched.exit_code == 0


def test_replay_fails_if_the_player_fails(launched: Any) -> None:
    output, records = launched(
        'replay.launch.py',
        'bag:=/no/bag',
        'loop:=true',
        'rate:=2.5',
        RECORD_STAYS='face_affect_node',
        RECORD_EXIT_CODE='3',
    )
    assert records['face-affect']['arguments'] == [
        'play',
        '/no/bag',
        '--clock',
        '--wait-for-subscriber',
        '30',
        '--image',
        '/camera/image_raw/compressed',
        '--rate',
        '2.5',
        '--loop',
    ]
    assert 'the player failed with exit code 3' in output
    assert launched.exit_code == 1


def test_replay_needs_a_bag(launched: Any) -> None:
    output, records = launched('replay.launch.py')
    assert 'bag' in output
    assert records == {}


@pytest.mark.parametrize(
    'arguments, image',
    [
        ([], '/head_cam_upright/image_rect_color'),
        (['camera:=sensorring_cam3d'], '/sensorring_cam3d_upright/rgb/image_raw'),
        (['image:=/other/image'], '/other/image'),
    ],
)
def test_care_o_bot_topics(launched: Any, arguments: list[str], image: str) -> None:
    _, records = launched('care_o_bot.launch.py', *arguments)
    node = records['face_affect_node']
    assert f'image/compressed:={image}/compressed' in node['arguments']
    expected = parameters_of((ROOT / 'config' / 'care_o_bot.yaml').read_text())
    assert node_parameters(node) == {**expected, 'autostart': True}


def test_camera_starts_with_the_defaults(launched: Any) -> None:
    _, records = launched('camera.launch.py')
    camera = records['camera_node']
    assert '__ns:=/camera' in camera['arguments']
    assert node_parameters(camera) == {}
    assert any(name in camera['environment'] for name in FASTDDS_VARIABLES)


def test_arguments_reach_the_camera(launched: Any) -> None:
    _, records = launched(
        'camera.launch.py',
        'source:=rtsp://door/1',
        'namespace:=door',
        'rate:=5',
        'loop:=True',
        'compressed:=true',
        'calibration:=/door.yaml',
        'frame_id:=door_optical',
    )
    camera = records['camera_node']
    assert '__ns:=/door' in camera['arguments']
    assert node_parameters(camera) == {
        'source': 'rtsp://door/1',
        'frame_id': 'door_optical',
        'rate': 5.0,
        'loop': True,
        'compressed': True,
        'calibration': '/door.yaml',
    }


def test_bridge_starts_with_the_defaults(launched: Any) -> None:
    _, records = launched('ros4hri_bridge.launch.py')
    bridge = records['ros4hri_bridge']
    assert 'faces:=face_affect/faces' in bridge['arguments']
    assert 'image:=/camera/image_raw' in bridge['arguments']
    assert node_parameters(bridge) == {}


def test_arguments_reach_the_bridge(launched: Any) -> None:
    _, records = launched(
        'ros4hri_bridge.launch.py',
        'namespace:=front',
        'image:=/cam/image/compressed',
        'keep_time:=3',
        'cropped_width:=64',
    )
    bridge = records['ros4hri_bridge']
    assert '__ns:=/front' in bridge['arguments']
    assert 'image:=/cam/image' in bridge['arguments']
    assert node_parameters(bridge) == {
        'image_transport': 'compressed',
        'keep_time': 3.0,
        'cropped_width': 64,
    }


@pytest.mark.parametrize(
    'name, given, meant',
    [
        ('camera.launch.py', 'rat', 'rate'),
        ('ros4hri_bridge.launch.py', 'keep_tim', 'keep_time'),
        ('care_o_bot.launch.py', 'max_rat', 'max_rate'),
        ('replay.launch.py', 'topics', 'topic'),
    ],
)
def test_all_launch_files_refuse_unknown_arguments(
    launched: Any, name: str, given: str, meant: str
) -> None:
    bag = ['bag:=/some/bag'] if name == 'replay.launch.py' else []
    output, records = launched(name, *bag, f'{given}:=1')
    assert f"{name} has no argument '{given}'; did you mean '{meant}'?" in output
    assert launched.exit_code == 1
    assert records == {}


def installed_share() -> Path:
    """Return the prefix of the installed package, or skip the test."""
    pytest.importorskip('launch_ros')
    packages = pytest.importorskip('ament_index_python.packages')
    try:
        prefix = Path(packages.get_package_prefix('face_affect'))
    except packages.PackageNotFoundError:
        pytest.skip('face_affect is not installed in this environment')
    if not (prefix / 'lib' / 'face_affect' / 'face_affect_node').is_file():
        pytest.skip('the node is not installed in this environment')
    return prefix / 'share' / 'face_affect'


def test_real_node_becomes_active(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the installed node by its launch file, on a topic and in a namespace of its own."""
    share = installed_share()
    rclpy = pytest.importorskip('rclpy')
    from lifecycle_msgs.msg import State
    from lifecycle_msgs.srv import GetState
    from rclpy.executors import SingleThreadedExecutor

    domain = 1 + os.getpid() % 100
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path))
    log = tmp_path / 'output.txt'
    with log.open('w') as stream:
        launch = subprocess.Popen(
            [
                sys.executable,
                __file__,
                str(share / 'launch' / 'face_affect.launch.py'),
                'namespace:=robot',
                'image:=/cam/image_raw',
                'image_transport:=compressed',
            ],
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node('watch_launch', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    client = node.create_client(GetState, '/robot/face_affect/get_state')
    try:
        state = State.PRIMARY_STATE_UNKNOWN
        end = time.monotonic() + START_SECONDS
        while state != State.PRIMARY_STATE_ACTIVE and time.monotonic() < end:
            assert launch.poll() is None, log.read_text()
            if not client.wait_for_service(timeout_sec=0.5):
                continue
            future = client.call_async(GetState.Request())
            executor.spin_until_future_complete(future, timeout_sec=1.0)
            if future.done():
                state = future.result().current_state.id
            time.sleep(0.1)
        assert state == State.PRIMARY_STATE_ACTIVE, log.read_text()

        subscribers: list[Any] = []
        publishers: list[Any] = []
        while not (subscribers and publishers) and time.monotonic() < end:
            executor.spin_once(timeout_sec=0.1)
            subscribers = node.get_subscriptions_info_by_topic('/cam/image_raw/compressed')
            publishers = node.get_publishers_info_by_topic('/robot/face_affect/faces')
        assert [info.node_name for info in subscribers] == ['face_affect']
        assert [info.topic_type for info in publishers] == ['face_affect_msgs/msg/FaceAffectArray']
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)
        launch.send_signal(signal.SIGINT)
        try:
            launch.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            launch.kill()
            launch.wait()
            raise
    assert 'process has finished cleanly' in log.read_text()


def main() -> int:
    """Run a launch file as `ros2 launch` does: its path, then name:=value arguments."""
    from launch import LaunchDescription, LaunchService  # type: ignore[attr-defined]
    from launch.actions import IncludeLaunchDescription
    from launch.launch_description_sources import PythonLaunchDescriptionSource

    path, *arguments = sys.argv[1:]
    pairs = [argument.split(':=', 1) for argument in arguments]
    service = LaunchService(noninteractive=True)
    service.include_launch_description(
        LaunchDescription(
            [
                IncludeLaunchDescription(
                    PythonLaunchDescriptionSource(path),
                    launch_arguments=[(name, value) for name, value in pairs],
                )
            ]
        )
    )
    return service.run()


if __name__ == '__main__':
    sys.exit(main())
