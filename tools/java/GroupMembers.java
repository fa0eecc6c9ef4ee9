import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Members of consumer groups, as many as its standard input asks for. Argument: bootstrap servers. Lines it reads:
 *
 *     join NAME config=value …    with `topics` separated by commas; every other config is the consumer's own
 *     leave NAME
 *     committed GROUP
 *
 * It prints a line for each event: `NAME assigned orders-0 orders-1`, `NAME revoked …`, `NAME lost …`,
 * `NAME record orders-0 17 value`, `NAME committed orders-0 18 …`, `NAME refused commit`, `NAME failed error`,
 * `NAME left`; and `committed GROUP orders-0 18 leader-epoch metadata` for each partition, then `committed GROUP .`.
 * A member commits after each poll and when partitions are revoked. It ends when its input does.
 */
public class GroupMembers {
    private static final Map<String, Member> members = new HashMap<>();

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        say("ready");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "join" -> {
                    Member member = new Member(words[1], config(args[0], words));
                    members.put(words[1], member);
                    member.start();
                }
                case "leave" -> members.remove(words[1]).leaving = true;
                case "committed" -> printCommitted(args[0], words[1]);
                default -> throw new IllegalArgumentException(line);
            }
        }
        for (Member member : members.values()) member.leaving = true;
    }

    static Properties config(String bootstrap, String[] words) {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", "false");
        config.put("fetch.max.wait.ms", "100");
        config.put("key.deserializer", StringDeserializer.class.getName());
        config.put("value.deserializer", StringDeserializer.class.getName());
        for (int i = 2; i < words.length; i++) {
            String[] pair = words[i].split("=", 2);
            config.put(pair[0], pair[1]);
        }
        return config;
    }

    static void printCommitted(String bootstrap, String group) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        try (Admin admin = Admin.create(config)) {
            Map<TopicPartition, OffsetAndMetadata> offsets =
                admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
            offsets.forEach((partition, offset) -> say("committed " + group + " " + partition + " " + offset.offset()
                + " " + offset.leaderEpoch().orElse(-1) + " " + offset.metadata()));
            say("committed " + group + " .");
        }
    }

    static synchronized void say(String line) {
        System.out.println(line);
    }

    static class Member extends Thread implements ConsumerRebalanceListener {
        private final Properties config;
        private final Map<TopicPartition, OffsetAndMetadata> uncommitted = new HashMap<>();
        private KafkaConsumer<String, String> consumer;
        volatile boolean leaving = false;

        Member(String name, Properties config) {
            super(name);
            this.config = config;
        }

        @Override
        public void run() {
            List<String> topics = List.of(((String) config.remove("topics")).split(","));
            try (KafkaConsumer<String, String> opened = new KafkaConsumer<>(config)) {
                consumer = opened;
                consumer.subscribe(topics, this);
                while (!leaving) {
                    ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(50));
                    for (ConsumerRecord<String, String> record : records) handle(record);
                    if (!uncommitted.isEmpty()) commit(uncommitted);
                }
            } catch (Throwable error) {
                say(getName() + " failed " + error);
            }
            say(getName() + " left");
        }

        private void handle(ConsumerRecord<String, String> record) {
            TopicPartition partition = new TopicPartition(record.topic(), record.partition());
            say(getName() + " record " + partition + " " + record.offset() + " " + record.value());
            uncommitted.put(partition, new OffsetAndMetadata(record.offset() + 1, record.leaderEpoch(), "by " + getName()));
        }

        /** What is refused because of a rebalance is tried again after the next poll, or when it is revoked. */
        private void commit(Map<TopicPartition, OffsetAndMetadata> offsets) {
            Map<TopicPartition, OffsetAndMetadata> own = new TreeMap<>(
                (a, b) -> a.toString().compareTo(b.toString()));
            own.putAll(offsets);
            try {
                consumer.commitSync(own);
            } catch (RebalanceInProgressException | CommitFailedException refused) {
                say(getName() + " refused commit");
                return;
            }
            StringBuilder line = new StringBuilder(getName() + " committed");
            own.forEach((partition, offset) -> line.append(" ").append(partition).append(" ").append(offset.offset()));
            say(line.toString());
            own.keySet().forEach(uncommitted::remove);
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> added) {
            note("assigned", added);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            Map<TopicPartition, OffsetAndMetadata> last = new HashMap<>(uncommitted);
            last.keySet().retainAll(revoked);
            if (!last.isEmpty()) commit(last);
            uncommitted.keySet().removeAll(revoked);
            note("revoked", revoked);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> lost) {
            uncommitted.keySet().removeAll(lost);
            note("lost", lost);
        }

        private void note(String what, Collection<TopicPartition> partitions) {
            StringBuilder line = new StringBuilder(getName() + " " + what);
            partitions.stream().map(TopicPartition::toString).sorted().forEach(name -> line.append(" ").append(name));
            say(line.toString());
        }
    }
}
