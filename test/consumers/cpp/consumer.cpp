// Copyright 2026 the face_affect contributors
// SPDX-License-Identifier: Apache-2.0

// Uses a message, a service and the action: headers compile, type support links.

#include <face_affect_msgs/action/wait_for_affect.hpp>
#include <face_affect_msgs/msg/face_affect_array.hpp>
#include <face_affect_msgs/srv/get_faces.hpp>
#include <iostream>
#include <rosidl_typesupport_cpp/message_type_support.hpp>

int main()
{
  using Faces = face_affect_msgs::msg::FaceAffectArray;
  Faces faces;
  faces.faces.resize(2);
  face_affect_msgs::srv::GetFaces::Response response;
  face_affect_msgs::action::WaitForAffect::Goal goal;
  const auto * support = rosidl_typesupport_cpp::get_message_type_support_handle<Faces>();
  std::cout << faces.faces.size() << ' ' << (support != nullptr) << '\n';
}
