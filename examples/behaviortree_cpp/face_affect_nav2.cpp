// A tree node derived from Nav2's BtActionNode, for greeter_nav2.xml. Build it as a shared library
// linked to nav2_behavior_tree, and add the library to bt_navigator's plugin_lib_names.

#include <cstdint>
#include <memory>
#include <string>

#include "behaviortree_cpp/bt_factory.h"
#include "face_affect_labels.hpp"
#include "nav2_behavior_tree/bt_action_node.hpp"

namespace face_affect
{

using Action = face_affect_msgs::action::WaitForAffect;

/// SUCCESS once a face has met the criteria; FAILURE after the timeout.
class WaitForAffect : public nav2_behavior_tree::BtActionNode<Action>
{
public:
  using BtActionNode::BtActionNode;

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

  void on_tick() override
  {
    goal_.emotion = emotionCode(getInput<std::string>("emotion").value());
    goal_.gender = genderCode(getInput<std::string>("gender").value());
    goal_.face_id = getInput<std::uint64_t>("face_id").value();
    goal_.min_confidence = static_cast<float>(getInput<double>("min_confidence").value());
    goal_.duration = rclcpp::Duration::from_seconds(getInput<double>("duration").value());
    goal_.timeout = rclcpp::Duration::from_seconds(getInput<double>("timeout").value());
  }

  BT::NodeStatus on_success() override
  {
    setOutput("found", result_.result->face.id);
    return BT::NodeStatus::SUCCESS;
  }
};

}  // namespace face_affect

BT_REGISTER_NODES(factory)
{
  BT::NodeBuilder builder =
    [](const std::string & name, const BT::NodeConfiguration & config) {
      return std::make_unique<face_affect::WaitForAffect>(
        name, "/face_affect/wait_for_affect", config);
    };
  factory.registerBuilder<face_affect::WaitForAffect>("WaitForAffect", builder);
}
