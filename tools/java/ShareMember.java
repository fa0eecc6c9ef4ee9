import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * A member of a share group that does with each record what its value says, and prints it: `got VALUE COUNT`, and
 * `took OFFSETS` or `refused ERROR` for what the broker says of acknowledgements.
 *
 * Values that begin with `release` are released when they come for the first time, with `poison` always, with `reject`
 * rejected; with `renew` renewed before they are accepted; at `hold` it stops for good when they come for the first time.
 * Arguments: bootstrap servers, group id, topic, `implicit` or `explicit`, records of a poll.
 * Leaves the group when its standard input ends or says anything.
 */
public class ShareMember {
    static final java.util.Set<String> renewed = new java.util.HashSet<>();

    public static void main(String[] args) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", args[0]);
        config.put("group.id", args[1]);
        config.put("share.acknowledgement.mode", args[3]);
        config.put("max.poll.records", args[4]);
        config.put("share.acquire.mode", "record_limit");
        config.put("key.deserializer", StringDeserializer.class.getName());
        config.put("value.deserializer", StringDeserializer.class.getName());
        boolean isExplicit = args[3].equals("explicit");
        InputStream in = System.in;
        try (KafkaShareConsumer<String, String> consumer = new KafkaShareConsumer<>(config)) {
            consumer.setAcknowledgementCommitCallback((offsets, error) -> offsets.forEach((partition, numbers) ->
                System.out.println(error == null ? "took " + numbers.size() : "refused " + error.getClass().getSimpleName())));
            consumer.subscribe(List.of(args[2]));
            while (in.available() == 0) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
                for (ConsumerRecord<String, String> record : records) {
                    int count = record.deliveryCount().orElse((short) 0);
                    System.out.println("got " + record.value() + " " + count);
                    if (record.value().startsWith("hold") && count == 1) Thread.sleep(600_000);
                    if (isExplicit) consumer.acknowledge(record, wordOn(record.value(), count));
                }
                if (isExplicit) consumer.commitSync();
            }
        }
        System.out.println("closed");
    }

    static AcknowledgeType wordOn(String value, int count) {
        if (value.startsWith("poison")) return AcknowledgeType.RELEASE;
        if (value.startsWith("reject")) return AcknowledgeType.REJECT;
        if (value.startsWith("release") && count == 1) return AcknowledgeType.RELEASE;
        if (value.startsWith("renew") && renewed.add(value)) return AcknowledgeType.RENEW;
        return AcknowledgeType.ACCEPT;
    }
}
