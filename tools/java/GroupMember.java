import java.io.InputStream;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A member of a consumer group that prints what it owns after every change, as one line `owned orders-0 orders-1`.
 * Arguments: bootstrap servers, group id, topics separated by commas, assignor class names separated by commas, or
 * `consumer` for a member of the KIP-848 protocol.
 * Leaves the group when its standard input ends or says anything.
 */
public class GroupMember {
    public static void main(String[] args) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", args[0]);
        config.put("group.id", args[1]);
        if (args[3].equals("consumer")) {
            config.put("group.protocol", "consumer");
        } else {
            config.put("partition.assignment.strategy", args[3]);
            config.put("heartbeat.interval.ms", "500");
        }
        config.put("auto.offset.reset", "earliest");
        config.put("key.deserializer", ByteArrayDeserializer.class.getName());
        config.put("value.deserializer", ByteArrayDeserializer.class.getName());
        InputStream in = System.in;
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config)) {
            consumer.subscribe(List.of(args[2].split(",")), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
                    Set<TopicPartition> left = new java.util.HashSet<>(consumer.assignment());
                    left.removeAll(revoked);
                    print(left);
                }

                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> added) {
                    print(consumer.assignment());
                }
            });
            while (in.available() == 0) consumer.poll(Duration.ofMillis(100));
        }
        System.out.println("closed");
    }

    static void print(Collection<TopicPartition> owned) {
        Set<String> names = new TreeSet<>();
        for (TopicPartition partition : owned) names.add(partition.toString());
        System.out.println(("owned " + String.join(" ", names)).trim());
    }
}
