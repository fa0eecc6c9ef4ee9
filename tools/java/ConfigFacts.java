import java.lang.reflect.Field;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.QuotaConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Prints Kafka's own definitions of the configs of topics, brokers, groups and client metrics, one a line, the fields
 * separated by tabs: kind, name, type, default (- for none, = and the text else), the validator's class and its
 * words, `internal` or nothing, the broker config a topic's or group's config falls back to with the unit that it
 * differs by, and of brokers the update mode: cluster-wide, per-broker or read-only.
 */
public class ConfigFacts {
    public static void main(String[] args) throws ReflectiveOperationException {
        Map<String, String> modes = DynamicBrokerConfig.dynamicConfigUpdateModes();
        print("topic", LogConfig.configDefCopy().configKeys(), ConfigFacts::topicSynonym);
        print("broker", AbstractKafkaConfig.CONFIG_DEF.configKeys(), name -> modes.getOrDefault(name, "read-only"));
        print("quota", QuotaConfig.brokerQuotaConfigs().configKeys(), name -> "per-broker");
        print("group", GroupConfig.CONFIG_DEF.configKeys(), ConfigFacts::groupSynonym);
        print("client-metrics", ClientMetricsConfigs.configDef().configKeys(), name -> "");
    }

    private static void print(String kind, Map<String, ConfigKey> keys, Function<String, String> last)
            throws ReflectiveOperationException {
        for (ConfigKey key : new TreeMap<>(keys).values()) {
            System.out.println(String.join("\t", kind, key.name, key.type.name(), defaultOf(key), validatorOf(key),
                key.internalConfig ? "internal" : "", last.apply(key.name)));
        }
    }

    private static String defaultOf(ConfigKey key) {
        if (key.defaultValue == ConfigDef.NO_DEFAULT_VALUE) return "required";
        String text = ConfigDef.convertToString(key.defaultValue, key.type);
        return text == null ? "-" : "=" + text;
    }

    private static String validatorOf(ConfigKey key) throws ReflectiveOperationException {
        if (key.validator == null) return "\t";
        String text = key.validator.toString();
        return key.validator.getClass().getSimpleName() + mayBeEmpty(key.validator) + "\t" + (text.contains("@") ? "" : text);
    }

    private static String mayBeEmpty(ConfigDef.Validator validator) throws ReflectiveOperationException {
        if (!(validator instanceof ConfigDef.ValidList)) return "";
        Field field = ConfigDef.ValidList.class.getDeclaredField("isEmptyAllowed");
        field.setAccessible(true);
        return field.getBoolean(validator) ? "OrEmpty" : "";
    }

    private static String topicSynonym(String name) {
        return ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS.getOrDefault(name, List.of()).stream()
            .map(one -> one.name() + ":" + one.converter().apply("1")).collect(Collectors.joining(","));
    }

    private static String groupSynonym(String name) {
        return GroupConfig.ALL_GROUP_CONFIG_SYNONYMS.getOrDefault(name, Optional.empty()).orElse("");
    }
}
