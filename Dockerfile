# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

# The workspace on an installed ROS 2. Checked by hadolint; never built or run.
#
#     docker build -t face_affect . && docker run --rm -it --network host face_affect
ARG ROS_DISTRO=jazzy
FROM ros:${ROS_DISTRO}
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

WORKDIR /face_affect
COPY . .
# Versions are those of the distribution, which the tag of the image names.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3-dev python3-venv \
  && rosdep update --rosdistro "$ROS_DISTRO" \
  && rosdep install -y --from-paths . --ignore-src \
  && rm -rf /var/lib/apt/lists/*
RUN source "/opt/ros/$ROS_DISTRO/setup.bash" && make setup PYTHON=/usr/bin/python3

CMD ["bash", "-c", "source /opt/ros/$ROS_DISTRO/setup.bash && . ./env.sh && exec ros2 launch face_affect face_affect.launch.py"]
