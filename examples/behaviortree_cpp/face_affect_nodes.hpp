// Tree nodes derived from BehaviorTree.ROS2's RosTopicSubNode and RosActionNode, for greeter.xml:
//
//   BT::RosNodeParams params;
//   params.nh = node;
//   factory.registerNodeType<face_affect::IsEmotion>("IsEmotion", params);
//   factory.registerNodeType<face_affect::WaitForAffect>("WaitForAffect", params);

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "behaviortree_ros2/bt_action_node.hpp"
#include "behaviortree_ros2/bt_topic_sub_node.hpp"
#include "face_affect_labels.hpp"
#include "face_affect_msgs/msg/face_affect_array.hpp"

namespace face_affect
{

/// SUCCESS if a face in the newest result shows the emotion, else FAILURE.
class IsEmotion : public BT::RosTopicSubNode<face_affect_msgs::msg::FaceAffectArray>
{
public:
  using RosTopicSubNode::RosTopicSubNode;

  static BT::PortsList providedPorts()
  {
    return providedBasicPorts({
      BT::InputPort<std::string>("emotion"),
      BT::InputPort<double>("min_confidence", 0.0, "0 to 1"),
      BT::InputPort<std::uint64_t>("face_id", 0, "id of the face; 0: any face")});
  }

  BT::NodeStatus onTick(
    const std::shared_ptr<face_affect_msgs::msg::FaceAffectArray> & message) override
  {
    // Null if no result has arrived since the last tick: the previous one is still the newest.
    if (message) {
      newest_ = message;
    }
    if (!newest_) {
      return BT::NodeStatus::FAILURE;
    }
    const auto code = emotionCode(getInput<std::string>("emotion").value());
    const auto min_confidence = getInput<double>("min_confidence").value();
    const auto id = getInput<std::uint64_t>("face_id").value();
    for (const auto & face : newest_->faces) {
      if ((id == 0 || face.id == id) && (code == ANY || face.emotion.label == code) &&
        face.emotion.confidence >= min_confidence)
      {
        return BT::NodeStatus::SUCCESS;
      }
    }
    return BT::NodeStatus::FAILURE;
  }

private:
  std::shared_ptr<face_affect_msgs::msg::FaceAffectArray> newest_;
};

/// SUCCESS once a face has met the criteria; FAILURE after the timeout.
class WaitForAffect : public BT::RosActionNode<face_affect_msgs::action::WaitForAffect>
{
public:
  using RosActionNode::RosActionNode;

  static BT::PortsList providedPorts()
  {
    return providedBasicPorts({
      BT::InputPort<std::string>("emotion", "any", "label of Emotion.msg in lower case, or any"),
      BT::InputPort<std::string>("gender", "any", "label of Gender.msg in lower case, or any"),
      BT::InputPort<std::uint64_t>("face_id", 0, "id of the face; 0: any face"),
      BT::InputPort<double>("min_confidence", 0.0, "0 to 1"),
      BT::InputPort<double>("duration", 0.0, "seconds"),
      BT::InputPort<double>("timeout", 0.0, "seconds; 0: no limit"),
      BT::OutputPort<std::uint64_t>("found", "id of the face that met the criteria")});
  }

  bool setGoal(Goal & goal) override
  {
    goal.emotion = emotionCode(getInput<std::string>("emotion").value());
    goal.gender = genderCode(getInput<std::string>("gender").value());
    goal.face_id = getInput<std::uint64_t>("face_id").value();
    goal.min_confidence = static_cast<float>(getInput<double>("min_confidence").value());
    goal.duration = rclcpp::Duration::from_seconds(getInput<double>("duration").value());
    goal.timeout = rclcpp::Duration::from_seconds(getInput<double>("timeout").value());
    return true;
  }

  BT::NodeStatus onResultReceived(const WrappedResult & wrapped) override
  {
    setOutput("found", wrapped.result->face.id);
    return BT::NodeStatus::SUCCESS;
  }
};

}  // namespace face_affect
