import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads a whole topic with the Java consumer and judges it: every value starts with the running number of its
 * key, so a duplicate, a hole or a reordering shows. Prints one JSON object.
 *
 * Arguments: bootstrap servers, topic.
 */
public class LogAudit {
    public static void main(String[] args) {
        Properties config = new Properties();
        config.put("bootstrap.servers", args[0]);
        config.put("key.deserializer", StringDeserializer.class.getName());
        config.put("value.deserializer", StringDeserializer.class.getName());
        config.put("isolation.level", "read_committed");
        config.put("enable.auto.commit", "false");
        Map<String, Long> next = new HashMap<>();
        Map<String, Integer> partitionOfKey = new HashMap<>();
        long records = 0, duplicates = 0, holes = 0, movedKeys = 0;
        String first = "";
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config)) {
            List<TopicPartition> partitions = consumer.partitionsFor(args[1]).stream()
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .collect(Collectors.toList());
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(tp -> consumer.position(tp) < ends.get(tp))) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    records++;
                    long number = Long.parseLong(record.value().substring(0, record.value().indexOf(' ')));
                    long expected = next.getOrDefault(record.key(), 0L);
                    if (number < expected) duplicates++;
                    if (number > expected) holes++;
                    if (number != expected && first.isEmpty()) {
                        first = record.key() + " at " + record.topic() + "-" + record.partition() + "@" + record.offset()
                            + ": " + number + " instead of " + expected;
                    }
                    next.put(record.key(), Math.max(expected, number + 1));
                    Integer before = partitionOfKey.put(record.key(), record.partition());
                    if (before != null && before != record.partition()) movedKeys++;
                }
            }
        }
        long total = next.values().stream().mapToLong(Long::longValue).sum();
        System.out.println("{\"records\":" + records + ",\"keys\":" + next.size() + ",\"numbers\":" + total
            + ",\"duplicates\":" + duplicates + ",\"holes\":" + holes + ",\"movedKeys\":" + movedKeys
            + ",\"first\":\"" + first + "\"}");
    }
}
